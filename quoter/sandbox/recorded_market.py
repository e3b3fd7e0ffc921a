"""The market of a recording: its filters, and balances to trade it with.

The filters come from a file (an answer of GET /api/v3/exchangeInfo) or from the recording itself:
the smallest decimal place of its prices and sizes.
"""

import gzip
from collections.abc import Iterable, Sequence
from dataclasses import replace
from decimal import Decimal
from itertools import islice
from pathlib import Path

import msgspec

from quoter.sandbox.config import SandboxConfig
from quoter.sandbox.recording import (
    Best,
    CaptureError,
    Depth,
    Levels,
    Message,
    Print,
    Snapshot,
    read_lines,
)
from quoter.sim.messages import MarketSpec

LINES_MAX = 20_000  # read to find tick, lot and price
QUOTES = ("USDT", "USDC", "FDUSD", "TUSD", "BUSD", "USD", "EUR", "TRY", "BRL", "BTC", "ETH", "BNB")
DOLLARS = ("USDT", "USDC", "FDUSD", "TUSD", "BUSD", "USD")
WORTH = Decimal(200_000)  # of each coin in every account, in the quote currency
FEE = Decimal("0.001")


class _Filter(msgspec.Struct, tag_field="filterType", tag="PRICE_FILTER"):
    tickSize: Decimal  # noqa: N815 - the venue's name


class _Lot(msgspec.Struct, tag_field="filterType", tag="LOT_SIZE"):
    stepSize: Decimal  # noqa: N815 - the venue's name
    minQty: Decimal  # noqa: N815 - the venue's name
    maxQty: Decimal  # noqa: N815 - the venue's name


class _Symbol(msgspec.Struct):
    symbol: str
    baseAsset: str  # noqa: N815 - the venue's name
    quoteAsset: str  # noqa: N815 - the venue's name
    filters: list[msgspec.Raw]


class _Info(msgspec.Struct):
    symbols: list[_Symbol]


class _Kind(msgspec.Struct):
    filterType: str  # noqa: N815 - the venue's name
    minNotional: Decimal | None = None  # noqa: N815 - the venue's name


def with_recorded_market(
    config: SandboxConfig, symbol: str, files: Sequence[Path], filters: Path | None
) -> SandboxConfig:
    """Return the configuration with the market of a recording, and balances of its coins.

    A market that is already configured is kept if the recording fits its grid. Raises
    CaptureError.
    """
    shown = _numbers(message for _, message in islice(read_lines(files, symbol), LINES_MAX))
    own = next((market for market in config.markets if market.symbol == symbol), None)
    if filters is not None:
        market = _from_file(filters, symbol, shown)
    elif own is not None and _fits(shown, own):
        market = own
    else:
        market = _inferred(symbol, shown)
    markets = tuple(market if each is own else each for each in config.markets)
    if own is None:
        markets = (*markets, market)
    return _funded(replace(config, markets=markets), market)


class _Shown(msgspec.Struct):
    """The prices and sizes that a recording shows; at least one price."""

    prices: set[Decimal]
    sizes: set[Decimal]


def _numbers(messages: Iterable[Message]) -> _Shown:
    shown = _Shown(set(), set())
    for message in messages:
        for price, size in _rows(message):
            shown.prices.add(price)
            shown.sizes.add(size)
    shown.prices.discard(Decimal(0))
    if not shown.prices or not all(map(Decimal.is_finite, shown.prices)):
        raise CaptureError("the recording has no price, or a price that is not a number")
    return shown


def _rows(message: Message) -> Levels:
    match message:
        case Snapshot(bids=bids, asks=asks) | Depth(b=bids, a=asks):
            return (*bids, *asks)
        case Best():
            return ((message.b, message.B), (message.a, message.A))
        case Print():
            return ((message.p, message.q),)


def _step(values: Iterable[Decimal]) -> Decimal:
    """Return the smallest decimal place that any of the values uses."""
    places = max((_places(value) for value in values), default=0)
    return Decimal(1).scaleb(-places)


def _places(value: Decimal) -> int:
    exponent = value.normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def _fits(shown: _Shown, market: MarketSpec) -> bool:
    """Whether all prices are on the grid; recorded sizes need not be whole lots."""
    return not any(price % market.tick for price in shown.prices)


def _inferred(symbol: str, shown: _Shown) -> MarketSpec:
    quote = next((quote for quote in QUOTES if symbol.endswith(quote) and symbol != quote), "")
    if not quote:
        raise CaptureError(f"the currencies of {symbol} are not known: pass --filters")
    notional = Decimal(5) if quote in DOLLARS else Decimal("0.0001")
    lot = _step(shown.sizes)
    return MarketSpec(
        symbol=symbol,
        base=symbol.removesuffix(quote),
        quote=quote,
        tick=_step(shown.prices),
        lot=lot,
        size_min=lot,
        size_max=lot * 10**12,
        notional_min=notional,
        mid=sorted(shown.prices)[len(shown.prices) // 2],
        sigma=0.0,
        intensity=0.0,
        kappa=1.0,
        spread_ticks=1,
        fee_maker=FEE,
        fee_taker=FEE,
    )


def _from_file(path: Path, symbol: str, shown: _Shown) -> MarketSpec:
    try:
        body = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        listed = msgspec.json.decode(body, type=_Info).symbols
        found = [each for each in listed if each.symbol == symbol]
        if not found:
            raise CaptureError(f"{path} has no symbol {symbol}")
        return _from_filters(found[0], shown)
    except CaptureError:
        raise
    except (OSError, EOFError, ValueError, KeyError, msgspec.MsgspecError) as error:
        raise CaptureError(f"{path} is not an answer of exchangeInfo: {error}") from None


def _from_filters(symbol: _Symbol, shown: _Shown) -> MarketSpec:
    kinds = {msgspec.json.decode(raw, type=_Kind).filterType: raw for raw in symbol.filters}
    price = msgspec.json.decode(kinds["PRICE_FILTER"], type=_Filter)
    lot = msgspec.json.decode(kinds["LOT_SIZE"], type=_Lot)
    raw = kinds.get("NOTIONAL", kinds.get("MIN_NOTIONAL"))
    notional = msgspec.json.decode(raw, type=_Kind).minNotional if raw is not None else None
    market = replace(
        _inferred(f"{symbol.baseAsset}USDT", shown),
        symbol=symbol.symbol,
        base=symbol.baseAsset,
        quote=symbol.quoteAsset,
        tick=price.tickSize,
        lot=lot.stepSize,
        size_min=lot.minQty,
        size_max=lot.maxQty,
        notional_min=notional or Decimal(0),
    )
    if not _fits(shown, market):
        raise CaptureError(f"prices of the recording are not multiples of {market.tick}")
    return market


def _funded(config: SandboxConfig, market: MarketSpec) -> SandboxConfig:
    """Return the configuration with balances of the market's coins in each account."""
    sizes = {market.quote: WORTH, market.base: WORTH / market.mid // market.lot * market.lot}
    accounts = []
    for account in config.accounts:
        held = {asset for asset, _ in account.balances}
        more = tuple((asset, size) for asset, size in sizes.items() if asset not in held)
        accounts.append(replace(account, balances=(*account.balances, *more)))
    return replace(config, accounts=tuple(accounts))
