"""The market of a tape: tick, lot, minimums and coins.

Its sources are a file (an answer of GET /api/v3/exchangeInfo), recorded rules, or the smallest
decimal place of the tape's prices and sizes.
"""

import gzip
from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal
from itertools import islice
from pathlib import Path

import msgspec

from quoter.domain.instrument import Instrument
from quoter.sim.messages import MarketSpec
from quoter.tapes.coins import DOLLARS, SEPARATORS, coins_of
from quoter.tapes.messages import Message, TapeError
from quoter.tapes.row_checks import is_sound, levels_of
from quoter.tapes.steps import fits, price_step, smallest_place

LINES_MAX = 20_000  # lines that are read to find tick, lot and price
LOTS_MAX = 10**15  # of an order, if no rule is known: a double holds it exactly
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


def recorded_market(
    rows: Iterable[Message], symbol: str, *, filters: Path | None, own: MarketSpec | None = None
) -> MarketSpec:
    """Return the market of a tape, from its first rows.

    own: a configured market, returned if the prices fit its grid. filters: a file with an answer of
    exchangeInfo. Raises TapeError.
    """
    shown = _numbers(islice(rows, LINES_MAX))
    if filters is not None:
        return _from_file(filters, symbol, shown)
    if own is not None and fits(shown.prices, own.tick):
        return own
    return _inferred(symbol, shown)


def plain_symbol(symbol: str) -> str:
    """Return a symbol as Binance writes it: BTCUSDT for btc/usdt."""
    return symbol.translate(str.maketrans("", "", SEPARATORS)).upper()


def market_of_rules(instrument: Instrument, rows: Iterable[Message]) -> MarketSpec:
    """Return the market of a tape whose rules were recorded.

    Raises TapeError if its prices are not multiples of the recorded tick.
    """
    shown = _numbers(islice(rows, LINES_MAX))
    return _fitting(spec_of(instrument, mid=_middle(shown), fee_taker=FEE), shown)


def spec_of(instrument: Instrument, *, mid: Decimal, fee_taker: Decimal) -> MarketSpec:
    """Return a recorded market with the rules and the maker fee of `instrument`.

    mid: quote/base. fee_taker: fraction of notional.
    """
    return MarketSpec(
        symbol=instrument.venue_symbol,
        base=instrument.base,
        quote=instrument.quote,
        tick=instrument.tick,
        lot=instrument.lot,
        size_min=instrument.size_min,
        size_max=instrument.size_max,
        notional_min=instrument.notional_min,
        mid=mid,
        sigma=0.0,
        intensity=0.0,
        kappa=1.0,
        spread_ticks=1,
        fee_maker=instrument.fee_maker,
        fee_taker=fee_taker,
    )


class _Shown(msgspec.Struct):
    """The prices and sizes in a tape; there is at least one price."""

    prices: set[Decimal]
    sizes: set[Decimal]


def _numbers(messages: Iterable[Message]) -> _Shown:
    shown = _Shown(set(), set())
    for message in filter(is_sound, messages):
        for price, size in levels_of(message):
            shown.prices.add(price)
            shown.sizes.add(size)
    shown.prices.discard(Decimal(0))
    if not shown.prices:
        raise TapeError("the tape has no price")
    return shown


def _fitting(market: MarketSpec, shown: _Shown) -> MarketSpec:
    """Return the market. Raises TapeError if the prices are not on its grid."""
    if not fits(shown.prices, market.tick):
        raise TapeError(f"prices of the tape are not multiples of the tick {market.tick}")
    return market


def _middle(shown: _Shown) -> Decimal:
    return sorted(shown.prices)[len(shown.prices) // 2]


def _inferred(symbol: str, shown: _Shown) -> MarketSpec:
    coins = coins_of(symbol)
    if coins is None:
        raise TapeError(f"the currencies of {symbol} are not known: pass --filters")
    base, quote = coins
    notional = Decimal(5) if quote in DOLLARS else Decimal("0.0001")
    lot = smallest_place(shown.sizes)
    return MarketSpec(
        symbol=plain_symbol(symbol),
        base=base,
        quote=quote,
        tick=price_step(shown.prices),
        lot=lot,
        size_min=lot,
        size_max=lot * LOTS_MAX,
        notional_min=notional,
        mid=_middle(shown),
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
        name = plain_symbol(symbol)
        found = [each for each in listed if each.symbol == name]
        if not found:
            raise TapeError(f"{path} has no symbol {name}")
        return _from_filters(found[0], shown)
    except TapeError:
        raise
    except (OSError, EOFError, ValueError, KeyError, msgspec.MsgspecError) as error:
        raise TapeError(f"{path} is not Binance's answer to exchangeInfo: {error}") from None


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
    return _fitting(market, shown)
