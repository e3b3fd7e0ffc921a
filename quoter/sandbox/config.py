"""What the sandbox is told at start: symbols, accounts, limits, pace."""

from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

from quoter.sim.messages import FeeCoin, MarketSpec

PING_S = 20.0  # the venue's own
SHUTDOWN_NOTICE_S = 10.0  # the venue's 24 h end with ten minutes of it


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyPermissions:
    """What a key may do beside trading; bound to addresses, unless somebody says otherwise."""

    withdraw: bool = False
    internal_transfer: bool = False
    universal_transfer: bool = False
    ip_restrict: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """One API key with its secret, what it holds at the start, what it may do and pays fees in."""

    api_key: str = field(repr=False)
    secret: str = field(repr=False)
    balances: tuple[tuple[str, Decimal], ...]
    rights: KeyPermissions = KeyPermissions()
    fee_coin: FeeCoin | None = None  # None: what each execution brought


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The venue's budgets; generous by default, because most tests are not about them."""

    weight_per_minute: int = 6_000
    orders_per_10_s: int = 1_000
    orders_per_day: int = 1_000_000
    refusals_before_ban: int = 20  # requests sent in spite of 429 before the address is banned
    ban_s: int = 120
    inbound_per_s: int = 5  # messages a market stream may send us
    streams_per_socket: int = 1_024
    send_queue: int = 4_096  # frames a slow reader may owe before it is dropped


@dataclass(frozen=True, slots=True, kw_only=True)
class Capture:
    """A recording that is one symbol's market instead of the random one.

    Files follow each other; `speed` is market seconds per second, inf: as fast as readers take it.
    At its end the market stands still.
    """

    symbol: str
    files: tuple[Path, ...]
    speed: float = 1.0
    waits_for_reader: bool = False  # begin when somebody subscribes to one of its streams


@dataclass(frozen=True, slots=True, kw_only=True)
class CrashScenario:
    """A crash of all markets `in_s` seconds after the start, and a venue that fails in it.

    time_scale: how many times as fast as sim.scripts.Crash it goes, > 0.
    """

    in_s: float = 60.0
    time_scale: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxConfig:
    """Everything `SandboxServer` needs.

    `disconnect_s` drops every socket after that time; `shutdown_notice_s` before, but not in the
    first half of its life, the socket hears of it by `serverShutdown`.
    """

    markets: tuple[MarketSpec, ...]
    accounts: tuple[Account, ...]
    seed: int
    disconnect_s: float | None = None
    shutdown_notice_s: float = SHUTDOWN_NOTICE_S
    ping_s: float = PING_S
    limits: Limits = field(default_factory=Limits)
    captures: tuple[Capture, ...] = ()
    crash: CrashScenario | None = None


# The demo market, chosen so that a maker with the default gamma looks alive and healthy.
# * 1/kappa = 6 USD = 1 bp of 60,000, about what BTC markets show. A maker rests near 1/kappa, where
#   A/e = 0.74 takers a second and side come by: more than 40 fills in a minute.
# * kappa²·sigma²/A = 0.13, between the 0.06 of the Avellaneda-Stoikov paper and the 1.5 of a thin
#   real coin: the mid wanders one characteristic depth in 4 s, so quotes must move, yet a fill is
#   not already a loss. With gamma normalised to these figures the inventory has a standard
#   deviation of a quarter of its limit, whatever the units.
# * Levels of about 120 USD, 0.60 USD apart: 1,000 USD bought at once reach 5 USD into the book,
#   where makers are, so that a retail burst is felt.
# * No maker fee, so that the demo's profit is spread and inventory alone; takers pay 0.1 %.
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
# A thin coin: a taker every 20 s, wide spread, and a maker fee to pay.
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
# A coin below a cent: eight decimals, whole lots.
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
# A large tick: the spread is one tick nearly always, so the queue decides who trades.
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

BALANCES = (
    ("BTC", Decimal(2)),
    ("USDT", Decimal(200_000)),
    ("NEXO", Decimal(50_000)),
    ("SHIB", Decimal(2_000_000_000)),
    ("XRP", Decimal(100_000)),
)


def _account(name: str) -> Account:
    """An account whose key and secret everybody knows: they open nothing but this loopback toy."""
    return Account(
        api_key=f"sandbox-key-{name}", secret=f"sandbox-secret-{name}", balances=BALANCES
    )


DEMO_ACCOUNT = _account("one")
SECOND_ACCOUNT = _account("two")


def default_config(seed: int) -> SandboxConfig:
    """Four symbols of different character and two accounts, as `quoter sandbox` starts them."""
    return SandboxConfig(markets=MARKETS, accounts=(DEMO_ACCOUNT, SECOND_ACCOUNT), seed=seed)
