"""``make live``: who may run code, and what a reader can do with a page that is alive.

One server is started as ``make live`` starts it, and a browser opens the Chinese tutorial there;
the cells of all pages are compared with their scripts apart from it.
"""

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from gallery_scripts import GALLERY, NAMES, ROOT
from playwright.sync_api import expect

expect.set_options(timeout=60_000)
live = pytest.importorskip("live", reason="jupyter_server is not installed")
LANGUAGES = sorted(path.name for path in GALLERY.iterdir())


@pytest.fixture(scope="module")
def site():
    if not (live.SITE / "index.html").exists():
        pytest.fail("there is no built site to look at: run 'make html' first")
    return live.SITE


@pytest.fixture(scope="module")
def served(site):
    """Start the server; lend its address, its token and its process."""
    process, address = start()
    yield address, process
    stop(process)


def start(**more):
    env = os.environ | {"PYTHONUNBUFFERED": "1", "PORT": "8964", **more}
    command = [sys.executable, str(ROOT / "tools" / "live.py")]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=env)
    said = ""
    for line in process.stdout:
        said += line
        if found := re.search(r"http://\S+", line):
            process.said = said
            return process, found[0]
    pytest.fail(f"it ended at once: {said}")


def stop(process):
    process.send_signal(signal.SIGINT)
    assert process.wait(30) == 0
    process.stdout.close()


def kernels_of(process):
    """List the kernels that a server has started."""
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            stat, line = (path / "stat").read_text(), (path / "cmdline").read_text()
        except OSError:
            continue
        parent = int(stat.rpartition(")")[2].split()[1])
        if parent == process.pid and "ipykernel" in line:
            found.append(path.name)
    return found


def status(url, **headers):
    """Ask as a program would, and return the status; redirects are not followed."""

    class Stay(urllib.request.HTTPRedirectHandler):
        def redirect_request(self, *_):
            return None

    try:
        request = urllib.request.Request(url, headers=headers)
        with urllib.request.build_opener(Stay).open(request) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        error.close()
        return error.code


# Who may ------------------------------------------------------------------------------------------


def listening(pid):
    """Return the addresses, as the kernel of Linux writes them, at which a process listens."""
    links = [str(link.readlink()) for link in Path(f"/proc/{pid}/fd").iterdir()]
    inodes = {link[len("socket:[") : -1] for link in links if link.startswith("socket")}
    return {
        row.split()[1].partition(":")[0]
        for family in ("tcp", "tcp6")
        for row in Path(f"/proc/net/{family}").read_text().splitlines()[1:]
        if row.split()[3] == "0A" and row.split()[9] in inodes
    }


def begin_kernel(address):
    """Let the server start a kernel, as a page does."""
    base, token = address.split("site/?token=")
    request = urllib.request.Request(
        f"{base}api/kernels",
        data=json.dumps({"name": "python3"}).encode(),
        headers={"Authorization": f"token {token}", "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request) as answer:
        assert answer.status == 201


def test_it_listens_on_the_loopback_address_alone(served):
    address, process = served
    assert address.startswith("http://127.0.0.1:")
    assert listening(process.pid) == {"0100007F"}


def test_without_the_token_nothing_is_shown_and_nothing_runs(served):
    address, token = served[0].split("site/?token=")
    assert len(token) == 48
    assert (
        status(f"{address}site/en/index.html") == 302
    )  # to where a token is asked for
    assert status(f"{address}api/kernels") == 403
    assert status(f"{address}site/en/index.html?token={token}") == 200
    assert status(f"{address}site/en/index.html?token={token[:-1]}x") == 302
    assert status(f"{address}api/kernels?token={token}") == 200
    page = f"{address}site/en/tutorials/nn_tutorial.html?token={token}"
    with urllib.request.urlopen(
        page
    ) as answer:  # the next time it may be the plain one
        assert answer.headers["Cache-Control"] == "no-store"


def test_what_the_readers_own_jupyter_is_told_opens_nothing(tmp_path, monkeypatch):
    own = tmp_path / "jupyter_server_config.json"
    own.write_text('{"ServerApp": {"allow_origin": "*"}}')
    monkeypatch.setenv("JUPYTER_CONFIG_DIR", str(tmp_path))
    app = live.Live()
    app.load_config_file()
    assert app.allow_origin == ""


def test_other_hosts_and_other_origins_are_refused(served):
    address, token = served[0].split("site/?token=")
    key = f"?token={token}"
    assert status(f"{address}api/kernels{key}", Host="evil.example") == 403
    request = urllib.request.Request(
        f"{address}api/kernels",
        data=json.dumps({"name": "python3"}).encode(),
        headers={"Origin": "https://evil.example", "Cookie": "_xsrf=a"},
    )
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request)
    refused.value.close()
    assert refused.value.code in (403, 404)
    assert "Access-Control-Allow-Origin" not in refused.value.headers


def test_nothing_outside_of_the_site_is_handed_out(served):
    address, token = served[0].split("site/?token=")
    for path in (
        "../../pyproject.toml",
        "%2e%2e/%2e%2e/pyproject.toml",
        "//etc/passwd",
    ):
        assert status(f"{address}site/{path}?token={token}") in (403, 404), path


def test_a_port_in_use_is_told_and_the_next_one_tried_with_another_token(served):
    other, address = start()
    try:
        assert "Port 8964 is in use" in other.said
        assert address.split(":")[2] != served[0].split(":")[2]
        assert address.split("token=")[1] != served[0].split("token=")[1]
    finally:
        stop(other)


def test_without_a_site_it_says_what_to_do(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(live, "SITE", tmp_path)
    assert live.main() == 1
    assert "make html" in capsys.readouterr().out


def test_a_page_that_is_merely_read_holds_nothing_of_it(site):
    for path in site.rglob("*.html"):
        assert "live-status" not in path.read_text("utf-8"), path
        assert 'id="live"' not in path.read_text("utf-8"), path


# What runs ----------------------------------------------------------------------------------------


def pieces(code):
    """The lines of a cell without their spaces; an import of several names is several lines."""
    for line in code.splitlines():
        head, found, names = line.partition(" import ")
        for name in names.split(",") if found else [""]:
            yield "".join(f"{head}{found}{name}".split())


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("language", LANGUAGES)
def test_each_cell_of_a_page_is_the_one_of_its_script(site, language, name):
    """A cell of the page may lack lines: imports of what is shown, and what is hidden."""
    page = BeautifulSoup(
        (site / language / "tutorials" / f"{Path(name).stem}.html").read_text("utf-8"),
        "html.parser",
    )
    shown = [block.get_text() for block in page.select(".highlight-Python pre")]
    sources = live.cells(language, Path(name).stem)
    assert len(shown) == len(sources) > 0
    for block, source in zip(shown, sources, strict=True):
        assert not set(pieces(block)) - set(pieces(source)), (block, source)


@pytest.fixture(scope="module")
def page(served, chromium):
    """Open the tutorial in a browser."""
    context = chromium.new_context(viewport={"width": 1280, "height": 900})
    context.set_default_timeout(60_000)
    opened = context.new_page()
    opened.goto(served[0].replace("site/?", "site/zh/tutorials/nn_tutorial.html?"))
    opened.wait_for_selector("html[data-live]")
    yield opened
    context.close()


def write(page, editor, code, press="Shift+Enter"):
    for summary in editor.locator("xpath=ancestor::details[not(@open)]/summary").all():
        summary.click()
    editor.click()
    page.keyboard.press("Control+A")
    page.keyboard.insert_text(code)
    if press:
        page.keyboard.press(press)


def output(page, number=0):
    return page.locator(".highlight-Python + .live-bar + .live-output").nth(number)


def test_a_reader_edits_runs_interrupts_and_starts_again(page, served):
    """One story, since a kernel takes its time to start."""
    editor = page.locator(".highlight-Python pre").first
    bar = page.locator(".live-status")
    written = editor.inner_text()
    assert bar.inner_text().startswith("还没有内核")
    assert not kernels_of(served[1])

    # A cell first runs what stands above it; its own text is edited, and draws.
    write(page, editor, "x = 6", press=None)
    second = page.locator(".highlight-Python pre").nth(1)
    draw = "import matplotlib.pyplot as plt\nprint('x * 7 =', x * 7)\nplt.plot([1, 2])"
    write(page, second, draw)
    expect(output(page, 1)).to_contain_text("x * 7 = 42")
    expect(output(page, 1).locator("img")).to_have_count(1)
    assert output(page, 1).locator("pre").count() == 1  # no value that nobody prints
    expect(bar).to_contain_text("Python 已就绪")
    assert len(kernels_of(served[1])) == 1

    # An error shows its traceback, and what stands below does not run.
    write(page, editor, "1 / 0", press=None)
    write(page, second, "print('never')")
    expect(output(page)).to_contain_text("ZeroDivisionError")
    expect(output(page)).to_have_attribute("data-state", "error")
    assert "never" not in output(page, 1).inner_text()
    colours = (
        "pre => [pre, ...pre.querySelectorAll('*')].map(e => getComputedStyle(e).color)"
    )
    assert len(set(second.evaluate(colours))) == 1

    # A folded cell runs like any other, and opens if it is the one at fault.
    bar.get_by_role("button", name="重启").click()
    while page.get_by_role("button", name="还原").count():
        page.get_by_role("button", name="还原").first.click()
    fold = page.locator("details:has(.highlight-Python pre)").first
    folded = fold.locator(".highlight-Python pre").element_handle()
    blocks = page.locator(".highlight-Python pre")
    number = blocks.evaluate_all("(all, one) => all.indexOf(one)", folded)
    fold.evaluate("fold => { fold.open = false; }")
    blocks.nth(number + 1).press("Shift+Enter")
    printed = (
        page.locator(".sphx-glr-script-out pre").first.inner_text().split(" tensor")[0]
    )
    expect(output(page, number + 1)).to_contain_text(printed)
    assert not fold.evaluate("fold => fold.open")
    write(page, blocks.nth(number), "1 / 0", press=None)
    fold.evaluate("fold => { fold.open = false; }")
    blocks.nth(number + 1).press("Shift+Enter")
    expect(output(page, number)).to_contain_text("ZeroDivisionError")
    assert fold.evaluate("fold => fold.open")

    # What takes too long can be interrupted, and a restart forgets everything.
    write(page, editor, "import time\nx = 1\nprint('asleep')\ntime.sleep(100)")
    expect(output(page)).to_contain_text("asleep")
    bar.get_by_role("button", name="中断").click()
    expect(output(page)).to_contain_text("KeyboardInterrupt")
    before = kernels_of(served[1])
    bar.get_by_role("button", name="重启").click()
    expect(bar).to_contain_text("Python 已就绪")
    count = "x = globals().get('x', 0) + 1; print(f'run {x}')"
    write(page, editor, count)
    expect(output(page)).to_contain_text("run 1")
    editor.press("Shift+Enter")
    expect(output(page)).to_contain_text("run 2")
    after = kernels_of(served[1])
    assert len(after) == 1
    assert after != before

    # What was typed survives a reload; a click brings the page's own text back.
    page.reload()
    page.wait_for_selector("html[data-live]")
    assert editor.inner_text().strip() == count
    page.get_by_role("button", name="还原").first.click()
    assert editor.inner_text() == written
    page.reload()
    page.wait_for_selector("html[data-live]")
    assert editor.inner_text() == written


def test_an_exercise_answers_in_its_place_and_in_the_readers_language(page):
    box = page.locator("[data-exercise=my_nll]")
    box.locator(".stub summary").click()
    editor = box.locator(".stub pre[role=textbox]")
    head = "def my_nll(log_probs, target):\n    return "
    write(page, editor, head + "log_probs[range(len(target)), target].mean()")
    expect(box.locator(".live-output")).to_contain_text(re.compile("[\u4e00-\u9fff]"))
    wrong = box.locator(".live-output").inner_text()
    write(page, editor, head + "-log_probs[range(len(target)), target].mean()")
    expect(box.locator(".live-output")).to_contain_text(re.compile("^对"))
    right = box.locator(".live-output").inner_text()
    assert not wrong.startswith("对")
    assert "Traceback" not in wrong + right


def test_each_tab_has_a_kernel_of_its_own_that_ends_with_it(page, served):
    before = len(kernels_of(served[1]))
    other = page.context.new_page()
    other.goto(page.url)
    other.wait_for_selector("html[data-live]")
    write(other, other.locator(".highlight-Python pre").first, "x = 'of the other'")
    expect(other.locator(".live-status")).to_contain_text("Python 已就绪")
    assert len(kernels_of(served[1])) == before + 1
    other.close(run_before_unload=True)
    deadline = time.monotonic() + 60
    while len(kernels_of(served[1])) > before and time.monotonic() < deadline:
        time.sleep(0.2)
    assert len(kernels_of(served[1])) == before


def test_a_kernel_that_nobody_is_connected_to_ends_by_itself():
    cull = live.SETTINGS["MappingKernelManager"]
    assert 0 < cull["cull_interval"] <= cull["cull_idle_timeout"] <= 120
    assert not cull.get("cull_connected", False)


def test_a_kernel_is_reached_by_private_files_and_ends_with_the_server(site):
    process, address = start(PORT="8974")
    begin_kernel(address)
    [kernel] = kernels_of(process)
    folder = Path(f"/proc/{process.pid}/cwd").resolve()
    deadline = time.monotonic() + 30
    while len([*folder.glob("kernel-*-ipc-*")]) < 5 and time.monotonic() < deadline:
        time.sleep(0.1)
    assert len([*folder.glob("kernel-*-ipc-*")]) >= 5
    assert folder.stat().st_mode & 0o077 == 0
    assert listening(kernel) <= {"0100007F"}  # what its own children print goes there
    stop(process)
    deadline = time.monotonic() + 20
    while Path(f"/proc/{kernel}").exists() and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not Path(f"/proc/{kernel}").exists()
    assert not folder.exists()
