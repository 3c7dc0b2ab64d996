"""A browser page, and what went wrong in it."""


class Watched:
    """Opens a page and notes its console messages, its failed requests and those to other hosts."""

    def __init__(self, chromium, address, **options):
        self.page = chromium.new_page(**options)
        self.faults = []
        self.page.on("console", self.note_console)
        self.page.on("pageerror", lambda error: self.faults.append(f"error: {error}"))
        self.page.on("requestfailed", self.note_failure)
        self.page.on("response", self.note_status)
        self.page.on("request", lambda r: self.note_request(r, address))

    def note_console(self, message):
        if message.type in ("error", "warning"):
            self.faults.append(f"console: {message.text}")

    def note_failure(self, request):
        if request.failure != "net::ERR_ABORTED":  # the browser left for the next page
            self.faults.append(f"failed: {request.url}: {request.failure}")

    def note_status(self, response):
        if response.status >= 400:
            self.faults.append(f"{response.status}: {response.url}")

    def note_request(self, request, address):
        if not request.url.startswith((address, "data:")):
            self.faults.append(f"outside: {request.url}")
