"""`quoter sandbox`: the sandbox exchange as a process."""

import asyncio
import json
import signal
import ssl
import sys
from dataclasses import replace
from pathlib import Path

import uvloop

from quoter.cli.options import MarketKind
from quoter.domain.errors import BadSetting
from quoter.sandbox.config import (
    Capture,
    CrashScenario,
    SandboxConfig,
    default_config,
    key_account,
    real_like_config,
)
from quoter.sandbox.protocol.signing import public_key
from quoter.sandbox.recorded_market import with_recorded_market
from quoter.sandbox.server import SandboxServer
from quoter.tapes.binance_raw import capture_symbol
from quoter.tapes.messages import TapeError


def sandbox_config(
    *,
    seed: int,
    symbol: str | None,
    captures: list[Path],
    speed: float,
    filters: Path | None = None,
    kind: MarketKind = MarketKind.MODEL,
) -> SandboxConfig:
    """Return the configuration with all markets of `kind`, or only with `symbol`.

    Recordings in `captures` are one more market, or replace that of their symbol; `speed` is
    relative to real time. Raises BadSetting for an unknown symbol, or a recording that can't be
    replayed.
    """
    is_real_like = kind is MarketKind.REAL_LIKE
    config = real_like_config(seed) if is_real_like else default_config(seed)
    if captures:
        config = _with_recording(config, symbol, captures, speed, filters)
    if symbol is not None:
        name = symbol.replace("/", "")
        markets = tuple(market for market in config.markets if market.symbol == name)
        if not markets:
            known = ", ".join(market.symbol for market in config.markets)
            raise BadSetting(f"--symbol: must be one of {known} (got {symbol})")
        config = replace(config, markets=markets)
    return config


def _with_recording(
    config: SandboxConfig,
    symbol: str | None,
    files: list[Path],
    speed: float,
    filters: Path | None,
) -> SandboxConfig:
    try:
        name = symbol.replace("/", "") if symbol is not None else capture_symbol(files)
        config = with_recorded_market(config, name, files, filters)
    except TapeError as error:
        raise BadSetting(f"--capture: {error}") from None
    return replace(config, captures=(Capture(symbol=name, files=tuple(files), speed=speed),))


def with_crash(config: SandboxConfig, *, in_s: float, time_scale: float) -> SandboxConfig:
    """Return the configuration with a market crash `in_s` seconds after the start.

    `time_scale`: speed of the crash relative to real time.
    """
    return replace(config, crash=CrashScenario(in_s=in_s, time_scale=time_scale))


def with_key(config: SandboxConfig, file: Path) -> SandboxConfig:
    """Return the configuration with one more account, for the Ed25519 public key in `file` (PEM).

    Raises BadSetting if the file holds no such key.
    """
    try:
        pem = file.read_text()
        public_key(pem)
    except (OSError, ValueError) as error:
        raise BadSetting(
            f"--public-key: {file} must be an Ed25519 public key in PEM format: {error}"
        ) from None
    return replace(config, accounts=(*config.accounts, key_account(pem)))


def tls_context(file: Path) -> ssl.SSLContext:
    """Return the TLS context of a PEM file with a certificate and its private key.

    Raises BadSetting if it can't be used.
    """
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        context.load_cert_chain(file)
    except (OSError, ssl.SSLError) as error:
        raise BadSetting(
            f"--tls: {file} must be a PEM file with a certificate and its private key: {error}"
        ) from None
    return context


def run_sandbox(
    config: SandboxConfig, *, host: str, port: int, tls: ssl.SSLContext | None = None
) -> int:
    """Serve until SIGTERM or Ctrl-C; return exit code 0.

    The first line on stdout is JSON with the URL.
    """
    return uvloop.run(_serve(config, host, port, tls))


async def _serve(config: SandboxConfig, host: str, port: int, tls: ssl.SSLContext | None) -> int:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    await serve(config, host, port, stop=stop, tls=tls)
    return 0


async def serve(
    config: SandboxConfig,
    host: str,
    port: int,
    *,
    stop: asyncio.Event,
    tls: ssl.SSLContext | None = None,
) -> None:
    """Serve until `stop` is set or the task is cancelled, then close everything.

    Raises BadSetting if the address can't be used or a recording can't be replayed, and any other
    error that ended the market.
    """
    try:
        server = SandboxServer(config)
    except TapeError as error:
        raise BadSetting(f"--capture: {error}") from None
    try:
        url = await _listen(server, host, port, tls)
        symbols = [market.symbol for market in config.markets]
        hello = json.dumps({"sandbox_url": url, "symbols": symbols, "seed": config.seed})
        sys.stdout.write(hello + "\n")
        sys.stdout.flush()
        await _until(server, stop)
    finally:
        await _stop(server)


async def _listen(server: SandboxServer, host: str, port: int, tls: ssl.SSLContext | None) -> str:
    try:
        return await server.start(host, port, tls)
    except OSError as error:
        raise BadSetting(
            f"--port: can't listen on {host}:{port}: {error.strerror}: use another"
        ) from None


async def _stop(server: SandboxServer) -> None:
    """Stop the server. Raises BadSetting if the recording ended the market."""
    try:
        await server.stop()
    except ExceptionGroup as errors:
        found = errors.subgroup(TapeError)
        if found is None:
            raise
        raise BadSetting(f"--capture: {found.exceptions[0]}") from None


async def _until(server: SandboxServer, stop: asyncio.Event) -> None:
    """Wait for `stop` or for the end of the market, whose error `server.stop` raises."""
    ends = {asyncio.create_task(server.wait()), asyncio.create_task(stop.wait())}
    try:
        await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for end in ends:
            end.cancel()
