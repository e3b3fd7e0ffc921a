"""Two pages of the sentinel, for its container and for Prometheus."""

import aiohttp
import pytest

from quoter.service.http import server as http
from quoter.service.sentinel.pages import SentinelPages


@pytest.mark.parametrize(("is_alive", "status"), [(True, 200), (False, 503)])
async def test_healthz_shows_whether_the_sentinel_is_alive(is_alive: bool, status: int) -> None:
    pages = SentinelPages(metrics=lambda: b"x 1\n", is_alive=lambda: is_alive)
    runner, port = await http.serve(pages, host="127.0.0.1", port=0)
    try:
        async with aiohttp.ClientSession(f"http://127.0.0.1:{port}") as client:
            async with client.get("/healthz") as answer:
                assert answer.status == status
            async with client.get("/metrics") as answer:
                assert await answer.text() == "x 1\n"
            async with client.get("/metrics", headers={"Host": "evil.example"}) as answer:
                assert answer.status == 421
    finally:
        await http.stop(runner)
