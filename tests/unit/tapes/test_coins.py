"""The coins of symbols, as venues and archives write them."""

import pytest

from quoter.tapes.coins import coins_of


@pytest.mark.parametrize(
    ("symbol", "coins"),
    [
        ("BTCUSDT", ("BTC", "USDT")),
        ("btcusd", ("BTC", "USD")),
        ("BTC-USD", ("BTC", "USD")),
        ("BTC/USDT", ("BTC", "USDT")),
        ("XBTUSD", ("XBT", "USD")),
        ("XBT/USD", ("XBT", "USD")),
        ("BTCFDUSD", ("BTC", "FDUSD")),
        ("USDCUSDT", ("USDC", "USDT")),
        ("BTCGBP", ("BTC", "GBP")),
        ("币安人生USDT", ("币安人生", "USDT")),
        ("BTC-PERPETUAL", None),
        ("BTC", None),
        ("USDT", None),
        ("/USDT", None),
    ],
)
def test_coins_of_a_symbol(symbol: str, coins: tuple[str, str] | None) -> None:
    assert coins_of(symbol) == coins
