"""HTTP pages of the sentinel: health and metrics, read-only."""

import json
from collections.abc import Callable, Iterable

from aiohttp import web

from quoter.service.http.server import HEADERS, METRICS_TYPE, Handler, is_allowed_host


class SentinelPages:
    """The pages /metrics and /healthz, with the host name check of the daemon's server."""

    def __init__(
        self,
        *,
        metrics: Callable[[], bytes],
        is_alive: Callable[[], bool],
        host_names: Iterable[str] = (),
    ) -> None:
        self._metrics = metrics
        self._is_alive = is_alive
        self._host_names = frozenset({"localhost", *(name.lower() for name in host_names)})

    def application(self) -> web.Application:
        """Return the application; GET and HEAD only."""
        app = web.Application(middlewares=[self._check_host], client_max_size=1)
        app.router.add_get("/metrics", self._show_metrics)
        app.router.add_get("/healthz", self._show_health)
        return app

    @web.middleware
    async def _check_host(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if not is_allowed_host(request.headers.get("Host", ""), self._host_names):
            return web.Response(status=421, text="unknown host name: see QUOTER_HTTP_HOSTS\n")
        return await handler(request)

    async def _show_metrics(self, _request: web.Request) -> web.Response:
        return web.Response(body=self._metrics(), headers={**HEADERS, "Content-Type": METRICS_TYPE})

    async def _show_health(self, _request: web.Request) -> web.Response:
        is_alive = self._is_alive()
        return web.Response(
            status=200 if is_alive else 503,
            text=json.dumps({"alive": is_alive}) + "\n",
            content_type="application/json",
            headers=HEADERS,
        )
