"""A tape from the sandbox's random market, in the form of Binance's combined streams."""

import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

from quoter.domain.units import NS_PER_S
from quoter.sim.exchange import Exchange
from quoter.sim.messages import BestNews, DepthNews, News, PrintNews
from quoter.sim.model_markets import BITCOIN

START_NS = 1_700_000_000 * NS_PER_S
FLUSH_NS = NS_PER_S // 10
SYMBOL = BITCOIN.symbol


def write_tape(path: Path, *, seconds: float = 60.0, seed: int = 1) -> Path:
    """Write a capture of the market without our orders; return its path."""
    path.write_text("".join(f"{line}\n" for line in _lines(seconds, seed)))
    return path


def _lines(seconds: float, seed: int) -> Iterator[str]:
    exchange = Exchange((BITCOIN,), seed=seed, now_ns=START_NS)
    book = exchange.depth(SYMBOL, 1_000)
    body = {"lastUpdateId": book.last, "bids": _texts(book.bids), "asks": _texts(book.asks)}
    yield f"{START_NS} {json.dumps(body)}"
    for number in range(1, round(seconds * NS_PER_S / FLUSH_NS) + 1):
        now_ns = START_NS + number * FLUSH_NS
        for news in (*exchange.advance(now_ns), *exchange.flush_depth(SYMBOL, now_ns)):
            yield from _line(news)


def _line(news: News) -> Iterator[str]:
    match news:
        case DepthNews():
            changes = {"b": _texts(news.bids), "a": _texts(news.asks)}
            yield _stream("depth@100ms", news.ts_ns, {"U": news.first, "u": news.last, **changes})
        case BestNews():
            (bid, bid_size), (ask, ask_size) = news.bid, news.ask
            sizes = {"b": f"{bid}", "B": f"{bid_size}", "a": f"{ask}", "A": f"{ask_size}"}
            yield _stream("bookTicker", news.ts_ns, {"u": news.update_id, **sizes})
        case PrintNews():
            numbers = {"t": news.trade_id, "p": f"{news.price}", "q": f"{news.size}"}
            yield _stream("trade", news.ts_ns, {**numbers, "m": news.taker.sign < 0})
        case _:
            pass


def _stream(name: str, ts_ns: int, data: dict[str, object]) -> str:
    message = {"stream": f"{SYMBOL.lower()}@{name}", "data": data}
    return f"{ts_ns} {json.dumps(message, separators=(',', ':'))}"


def _texts(levels: tuple[tuple[Decimal, Decimal], ...]) -> list[tuple[str, str]]:
    return [(f"{price}", f"{size}") for price, size in levels]
