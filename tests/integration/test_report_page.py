"""The page of a report in a real browser: offline, without errors, and within the window."""

import asyncio
import json
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner
from websockets.asyncio.client import ClientConnection, connect

from quoter.cli import main as cli
from quoter.recording.files import FOLDER
from tests.unit.recording.cases import header, write
from tests.unit.replay.recorded import records_of
from tests.unit.report.cases import trading_events

NAMES = ("chromium", "chromium-browser", "google-chrome")
BROWSER = next(filter(None, map(shutil.which, NAMES)), None)
WINDOWS = ((360, 780), (768, 1024), (1366, 768))  # a phone, a tablet, a desktop
WAIT_S = 120.0

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(BROWSER is None, reason="there is no Chromium here"),
]

MEASURED = """
const width = document.documentElement.clientWidth;
const box = one => one.getBoundingClientRect();
const all = (one, what) => [...one.querySelectorAll(what)];
const wide = one => !one.closest('.scroll, svg') && box(one).right > width + 0.5;
const sticksOut = (text, picture) =>
  box(text).right > box(picture).right + 1 || box(text).left < box(picture).left - 1;
JSON.stringify({
  title: document.title,
  overflow: document.documentElement.scrollWidth - width,
  wide: all(document, 'body *').filter(wide).map(one => one.outerHTML.slice(0, 99)),
  pictures: all(document, 'svg').filter(one => box(one).width).map(one => ({
    marks: all(one, 'path, rect, circle, polyline, polygon').length,
    height: box(one).height,
    outside: all(one, 'text').filter(text => sticksOut(text, one)).map(text => text.textContent),
  })),
})"""


class Page:
    """One page of a browser, over its debugging protocol; events are kept."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket, self._number = socket, 0
        self.events: list[dict[str, Any]] = []

    async def call(self, method: str, **params: object) -> dict[str, Any]:
        self._number += 1
        await self._socket.send(
            json.dumps({"id": self._number, "method": method, "params": params})
        )
        while (answer := json.loads(await self._socket.recv())).get("id") != self._number:
            self.events.append(answer)
        assert "error" not in answer, answer
        result: dict[str, Any] = answer["result"]
        return result

    async def until(self, method: str) -> None:
        """Wait for an event that has not come before."""
        while (event := json.loads(await self._socket.recv())).get("method") != method:
            self.events.append(event)

    def seen(self, *methods: str) -> list[dict[str, Any]]:
        return [event["params"] for event in self.events if event.get("method") in methods]


@asynccontextmanager
async def browser(folder: Path) -> AsyncIterator[Page]:
    """Start the browser, whose only name servers are none, with an empty page."""
    assert BROWSER is not None
    options = (
        "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
        "--no-first-run", "--disable-extensions", "--disable-background-networking",
        "--host-resolver-rules=MAP * ~NOTFOUND", "--remote-debugging-port=0",
        f"--user-data-dir={folder}", "about:blank",
    )  # fmt: skip
    process = await asyncio.create_subprocess_exec(
        BROWSER, *options, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL
    )
    try:
        port_file = folder / "DevToolsActivePort"
        async with asyncio.timeout(WAIT_S):
            while not port_file.exists() or len(port_file.read_text().split()) < 2:  # noqa: ASYNC110 - a file
                await asyncio.sleep(0.05)
            port, path = port_file.read_text().split()
            url = f"ws://127.0.0.1:{port}{path}"
            async with connect(url, max_size=None, proxy=None) as socket:
                root = Page(socket)
                targets = (await root.call("Target.getTargets"))["targetInfos"]
                (target,) = [one["targetId"] for one in targets if one["type"] == "page"]
            async with connect(
                f"ws://127.0.0.1:{port}/devtools/page/{target}", max_size=None, proxy=None
            ) as socket:
                yield Page(socket)
    finally:
        process.terminate()
        await process.wait()


@pytest.fixture
def page_file(tmp_path: Path) -> Path:
    """The page of a short run with fills."""
    (tmp_path / FOLDER).mkdir()
    write(tmp_path / FOLDER, [[header()], records_of(trading_events())])
    out = tmp_path / "out"
    ran = CliRunner().invoke(cli.app, ["report", str(tmp_path), "--out", str(out)])
    assert ran.exit_code == 0, ran.output
    return out / "report.html"


async def test_page_opens_offline_without_errors_within_windows_of_all_widths(
    page_file: Path, tmp_path: Path
) -> None:
    async with browser(tmp_path / "browser") as page:
        for domain in ("Page", "Network", "Runtime", "Log"):
            await page.call(f"{domain}.enable")
        for width, height in WINDOWS:
            await page.call(
                "Emulation.setDeviceMetricsOverride",
                width=width, height=height, deviceScaleFactor=1, mobile=width < 600,
            )  # fmt: skip
            await page.call("Page.navigate", url=page_file.as_uri())
            await page.until("Page.loadEventFired")
            answer = await page.call("Runtime.evaluate", expression=f"{{{MEASURED}}}")
            found = json.loads(answer["result"]["value"])
            assert found["title"].startswith("binance ABC/USD, run ")
            assert (found["overflow"], found["wide"]) == (0, []), width
            assert len(found["pictures"]) >= 6
            for picture in found["pictures"]:
                assert picture["marks"] > 0
                assert picture["height"] > 30
                assert picture["outside"] == [], width
        requests = {one["request"]["url"] for one in page.seen("Network.requestWillBeSent")}
        assert requests == {page_file.as_uri()}
        assert page.seen("Runtime.consoleAPICalled", "Runtime.exceptionThrown") == []
        assert page.seen("Log.entryAdded") == []
