"""Model markets: Brownian mid, Poisson takers, exponential distances; four kinds of symbol."""

from decimal import Decimal

from quoter.sim.messages import MarketSpec

# The demo market, chosen so that a maker with the default gamma trades often and earns money.
# * 1/kappa = 6 USD = 1 bp of 60,000, about what BTC markets show. A maker quotes near 1/kappa,
#   where A/e = 0.74 takers per second and side arrive: more than 40 fills per minute.
# * kappa²·sigma²/A = 0.13, between the 0.06 of the Avellaneda-Stoikov paper and the 1.5 of a thin
#   real coin: the mid moves one characteristic depth in 4 s, so quotes must follow, yet a fill is
#   not already a loss. With gamma normalised to these figures the inventory has a standard
#   deviation of a quarter of its limit, whatever the units.
# * Levels of about 120 USD, 0.60 USD apart: a market buy of 1,000 USD reaches 5 USD into the book,
#   where makers quote, so that a burst of small takers has an effect.
# * No maker fee: the demo's profit consists of spread and inventory only; takers pay 0.1 %.
BITCOIN = MarketSpec(
    symbol="BTCUSDT",
    base="BTC",
    quote="USDT",
    tick=Decimal("0.01"),
    lot=Decimal("0.00001"),
    size_min=Decimal("0.00001"),
    size_max=Decimal(9000),
    notional_min=Decimal(5),
    mid=Decimal(60_000),
    sigma=3.0,
    intensity=2.0,
    kappa=1 / 6,
    spread_ticks=200,
    fee_maker=Decimal(0),
    fee_taker=Decimal("0.001"),
)
# A thin market: one taker every 20 s and side, of whom one in five reaches the best price of the
# wide spread; a maker fee.
THIN = MarketSpec(
    symbol="NEXOUSDT",
    base="NEXO",
    quote="USDT",
    tick=Decimal("0.001"),
    lot=Decimal("0.01"),
    size_min=Decimal("0.01"),
    size_max=Decimal(900_000),
    notional_min=Decimal(5),
    mid=Decimal("1.2"),
    sigma=0.0002,
    intensity=0.05,
    kappa=800.0,
    spread_ticks=4,
    depth_lots=30_000,
    fee_maker=Decimal("0.001"),
    fee_taker=Decimal("0.001"),
)
# A price below one cent: eight decimals, whole lots.
SUB_CENT = MarketSpec(
    symbol="SHIBUSDT",
    base="SHIB",
    quote="USDT",
    tick=Decimal("0.00000001"),
    lot=Decimal(1),
    size_min=Decimal(1),
    size_max=Decimal(46_116_860_414),
    notional_min=Decimal(1),
    mid=Decimal("0.00001834"),
    sigma=2e-9,
    intensity=0.5,
    kappa=1.5e8,
    spread_ticks=2,
    depth_lots=40_000_000,
    fee_maker=Decimal("0.001"),
    fee_taker=Decimal("0.001"),
)
# A large tick: the spread is almost always one tick, so queue position decides who trades.
LARGE_TICK = MarketSpec(
    symbol="XRPUSDT",
    base="XRP",
    quote="USDT",
    tick=Decimal("0.001"),
    lot=Decimal(1),
    size_min=Decimal(1),
    size_max=Decimal(900_000),
    notional_min=Decimal(5),
    mid=Decimal("0.5305"),
    sigma=0.0001,
    intensity=1.0,
    kappa=1_500.0,
    spread_ticks=1,
    depth_lots=20_000,
    fee_maker=Decimal("0.0002"),
    fee_taker=Decimal("0.001"),
)
MARKETS = (BITCOIN, THIN, SUB_CENT, LARGE_TICK)
