"""The instrument of most tests: BTC/USDT with rules like those of Binance."""

from decimal import Decimal

from quoter.domain.instrument import Instrument

BTC_USDT = Instrument(
    symbol="BTC/USDT",
    venue_symbol="BTCUSDT",
    base="BTC",
    quote="USDT",
    tick=Decimal("0.01"),
    lot=Decimal("0.00001"),
    size_min=Decimal("0.00001"),
    size_max=Decimal(9000),
    notional_min=Decimal(5),
    fee_maker=Decimal(0),
)
