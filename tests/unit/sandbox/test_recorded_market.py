"""The market of a recording: filters from the tape or from a file, and one-line errors."""

import json
from decimal import Decimal
from pathlib import Path

import pytest

from quoter.cli.sandbox import sandbox_config
from quoter.domain.errors import BadSetting
from quoter.sandbox.server import SandboxServer
from quoter.sim.messages import MarketSpec

D = Decimal
STREAM = "1700000000000000000"


def depth(symbol: str, price: str, size: str, *, first: int = 5, **more: int) -> str:
    data = {"U": first, "u": first, "b": [[price, size]], "a": [], **more}
    return f"{STREAM} {json.dumps({'stream': f'{symbol}@depth@100ms', 'data': data})}".replace(
        "{'", '{"'
    )


def tape(folder: Path, *lines: str) -> Path:
    path = folder / "tape"
    path.write_text("".join(f"{line}\n" for line in lines).replace('{"stream": ', '{"stream":'))
    return path


def market_of(path: Path, symbol: str, filters: Path | None = None) -> MarketSpec:
    config = sandbox_config(seed=1, symbol=None, captures=[path], speed=1.0, filters=filters)
    (found,) = (market for market in config.markets if market.symbol == symbol)
    held = dict(config.accounts[0].balances)
    assert held[found.base] > 0
    assert held[found.quote] > 0
    return found


def test_tick_lot_and_coins_of_an_unknown_symbol_follow_from_the_recording(tmp_path: Path) -> None:
    lines = depth("wifusdc", "1.23400000", "12.50000000"), depth("wifusdc", "1.2", "3", first=6)
    market = market_of(tape(tmp_path, *lines), "WIFUSDC")
    assert (market.base, market.quote, market.tick, market.lot) == (
        "WIF",
        "USDC",
        D("0.001"),
        D("0.1"),
    )


def test_the_name_may_use_any_letters(tmp_path: Path) -> None:
    path = tape(tmp_path, depth("币安人生usdt", "0.2", "3"))
    assert market_of(path, "币安人生USDT").base == "币安人生"


def test_a_market_of_the_sandbox_stays_if_the_recording_fits_it(tmp_path: Path) -> None:
    assert market_of(tape(tmp_path, depth("btcusdt", "60000.01", "1")), "BTCUSDT").sigma > 0
    finer = tape(tmp_path, depth("btcusdt", "60000.001", "1"))
    assert market_of(finer, "BTCUSDT").tick == D("0.001")


def exchange_info(folder: Path, tick: str) -> Path:
    path = folder / "exchangeInfo.json"
    filters = [
        {"filterType": "PRICE_FILTER", "tickSize": tick},
        {"filterType": "LOT_SIZE", "stepSize": "0.1", "minQty": "0.5", "maxQty": "900"},
        {"filterType": "NOTIONAL", "minNotional": "7"},
    ]
    symbol = {"symbol": "WIFXYZ", "baseAsset": "WIF", "quoteAsset": "XYZ", "filters": filters}
    path.write_text(json.dumps({"symbols": [symbol]}))
    return path


def test_filters_come_from_a_file(tmp_path: Path) -> None:
    path = tape(tmp_path, depth("wifxyz", "1.25", "3"))
    market = market_of(path, "WIFXYZ", exchange_info(tmp_path, "0.05"))
    assert (market.quote, market.tick, market.size_min) == ("XYZ", D("0.05"), D("0.5"))
    assert (market.size_max, market.notional_min) == (D(900), D(7))


def test_a_recording_without_a_snapshot_builds_its_book_from_the_diffs(tmp_path: Path) -> None:
    path = tape(tmp_path, depth("wifusdt", "1.25", "3"), depth("wifusdt", "1.26", "3", first=6))
    config = sandbox_config(seed=1, symbol="WIF/USDT", captures=[path], speed=1.0)
    book = SandboxServer(config).venue.exchange.depth("WIFUSDT", 5)
    assert (book.last, book.bids, book.asks) == (4, (), ())


@pytest.mark.parametrize(
    ("lines", "text"),
    [
        pytest.param((depth("btcusdt", "60000.1", "1", pu=4),), "futures", id="futures"),
        pytest.param((), "combined streams", id="empty"),
        pytest.param(("no stamp",), "combined streams", id="text"),
        pytest.param((depth("btcusdt", "1", "1"), "no stamp"), "line 2", id="broken"),
        pytest.param((depth("wifxyz", "1", "1"),), "pass --filters", id="currencies"),
        pytest.param((depth("wifusdt", "NaN", "1"),), "no price", id="nan"),
    ],
)
def test_a_recording_that_can_not_be_replayed_is_refused_in_one_line(
    lines: tuple[str, ...], text: str, tmp_path: Path
) -> None:
    with pytest.raises(BadSetting, match=text) as raised:
        market_of(tape(tmp_path, *lines), "BTCUSDT")
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("symbol", "tick", "text"),
    [("WIFXYZ", "0.5", "not multiples"), ("ABCXYZ", "0.05", "no symbol")],
)
def test_filters_that_do_not_fit_are_refused(
    symbol: str, tick: str, text: str, tmp_path: Path
) -> None:
    path = tape(tmp_path, depth(symbol.lower(), "1.25", "3"))
    with pytest.raises(BadSetting, match=text):
        market_of(path, symbol, exchange_info(tmp_path, tick))
