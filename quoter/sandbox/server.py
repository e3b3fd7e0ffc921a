"""The sandbox server: opens its port, runs the market and closes everything again."""

import asyncio
import ssl

from aiohttp import web

from quoter.sandbox.admin import Admin
from quoter.sandbox.api.rest import BODY_BYTES_MAX, RestApi
from quoter.sandbox.api.ws_api import SocketApi
from quoter.sandbox.capture import Replay
from quoter.sandbox.config import SandboxConfig
from quoter.sandbox.exchange.venue import Venue
from quoter.sandbox.pacing import pace
from quoter.sandbox.scenario import play
from quoter.sandbox.streams.market_streams import MarketStreams
from quoter.sandbox.streams.sockets import Sockets
from quoter.sandbox.streams.user_streams import UserStreams

SHUTDOWN_S_MAX = 1.0


class SandboxServer:
    """One exchange on one port. Tests may read `venue` directly."""

    def __init__(self, config: SandboxConfig) -> None:
        self.venue = Venue(config)
        self.sockets = Sockets(self.venue)
        self._users = UserStreams(self.venue)
        self._streams = MarketStreams(self.venue, self.sockets)
        self.admin = Admin(self.venue, self.sockets)
        self.venue.listen(self._streams.receive)
        self.venue.listen(self._users.receive)
        self._runner: web.AppRunner | None = None
        self._market: asyncio.Task[None] | None = None
        self._replays = {
            capture.symbol: Replay(self.venue, self.sockets, capture) for capture in config.captures
        }
        self._streams.on_subscription(self._begin_replay)

    async def start(
        self, host: str = "127.0.0.1", port: int = 0, tls: ssl.SSLContext | None = None
    ) -> str:
        """Listen (port 0: any free port), start the market and return `http://host:port`.

        With `tls` the exchange is served over TLS only, at `https://host:port`.
        """
        app = web.Application(client_max_size=BODY_BYTES_MAX)
        RestApi(self.venue).add_routes(app)
        SocketApi(self.venue, self.sockets, self._users).add_routes(app)
        self._streams.add_routes(app)
        self.admin.add_routes(app)
        self._runner = web.AppRunner(
            app, access_log=None, handle_signals=False, shutdown_timeout=SHUTDOWN_S_MAX
        )
        await self._runner.setup()
        site = web.TCPSite(self._runner, host, port, ssl_context=tls)
        await site.start()
        self._market = asyncio.create_task(self._run_market(), name="market")
        bound: tuple[str, int] = self._runner.addresses[0]
        return f"{'http' if tls is None else 'https'}://{bound[0]}:{bound[1]}"

    async def wait(self) -> None:
        """Wait until cancelled. Raises the error of the market if it fails."""
        if self._market is not None:
            await asyncio.shield(self._market)

    async def stop(self) -> None:
        """Close every socket and the port. Idempotent. Raises the error that stopped the market."""
        market, self._market = self._market, None
        if market is not None:
            market.cancel()
            await asyncio.wait({market})
        self._users.stop()
        await self.sockets.close(None)
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None
        if market is not None and not market.cancelled():
            market.result()

    async def _run_market(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(pace(self.venue, self._streams), name="pace")
            for symbol, replay in self._replays.items():
                tasks.create_task(replay.run(), name=f"replay {symbol}")
            if (crash := self.venue.config.crash) is not None:
                tasks.create_task(play(crash, self.venue, self.admin.arm), name="crash")

    def _begin_replay(self, symbol: str) -> None:
        if symbol in self._replays:
            self._replays[symbol].begin()
