"""What goes wrong while a page is used."""

from contextlib import contextmanager


@contextmanager
def watched(page, *homes):
    """Note a page's console messages, failed requests, and requests that leave its homes."""
    faults = []

    def note_console(message):
        if message.type in ("error", "warning"):
            faults.append(f"console: {message.text}")

    def note_failure(request):
        if request.failure != "net::ERR_ABORTED":  # the browser left for the next page
            faults.append(f"failed: {request.url}: {request.failure}")

    def note_status(response):
        if response.status >= 400:
            faults.append(f"{response.status}: {response.url}")

    def note_request(request):
        if not request.url.startswith((*homes, "data:", "about:")):
            faults.append(f"outside: {request.url}")

    notes = {
        "console": note_console,
        "pageerror": lambda error: faults.append(f"error: {error}"),
        "requestfailed": note_failure,
        "response": note_status,
        "request": note_request,
    }
    for event, note in notes.items():
        page.on(event, note)
    yield faults
    for event, note in notes.items():
        page.remove_listener(event, note)
