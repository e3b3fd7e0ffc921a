"""Configuration of the sandbox: symbols, accounts, limits and timing."""

from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path

from quoter.sim.messages import FeeCoin, MarketSpec
from quoter.sim.real_markets import REAL_BITCOIN, REAL_LARGE_TICK, REAL_THIN

PING_S = 20.0  # as Binance does
SHUTDOWN_NOTICE_S = 10.0  # Binance gives ten minutes before its 24 h limit


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyPermissions:
    """Rights of a key beside trading; by default none, and restricted to IP addresses."""

    withdraw: bool = False
    internal_transfer: bool = False
    universal_transfer: bool = False
    ip_restrict: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """One API key with its secret, opening balances, rights and fee currency.

    Requests are signed with HMAC-SHA256 and the secret or, if the account has a public key (PEM),
    with Ed25519 and the private key that belongs to it.
    """

    api_key: str = field(repr=False)
    secret: str = field(repr=False)
    balances: tuple[tuple[str, Decimal], ...]
    rights: KeyPermissions = KeyPermissions()
    fee_coin: FeeCoin | None = None  # None: fees are taken from what each execution receives
    public_key: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Rate limits; generous by default, because most tests do not concern them."""

    weight_per_minute: int = 6_000
    orders_per_10_s: int = 1_000
    orders_per_day: int = 1_000_000
    refusals_before_ban: int = 20  # requests sent in spite of 429 before the address is banned
    ban_s: int = 120
    inbound_per_s: int = 5  # messages a client may send on a market stream
    streams_per_socket: int = 1_024
    send_queue: int = 4_096  # frames queued for a slow reader before it is dropped


@dataclass(frozen=True, slots=True, kw_only=True)
class Capture:
    """A recording that replaces the random market of one symbol.

    Files are read one after another; `speed` is market seconds per second, inf: as fast as readers
    accept it. After the last line the market does not change any more.
    """

    symbol: str
    files: tuple[Path, ...]
    speed: float = 1.0
    waits_for_reader: bool = False  # start at the first subscription to one of its streams


@dataclass(frozen=True, slots=True, kw_only=True)
class CrashScenario:
    """A crash of all markets `in_s` seconds after the start, with exchange faults during it.

    time_scale: speed relative to sim.scripts.Crash, > 0.
    """

    in_s: float = 60.0
    time_scale: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxConfig:
    """Configuration of `SandboxServer`.

    Every socket is closed `disconnect_s` after it was opened. It is sent `serverShutdown`
    `shutdown_notice_s` earlier, but never in the first half of `disconnect_s`.
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
REAL_LIKE_MARKETS = (REAL_BITCOIN, REAL_THIN, REAL_LARGE_TICK)

BALANCES = (
    ("BTC", Decimal(2)),
    ("USDT", Decimal(200_000)),
    ("NEXO", Decimal(50_000)),
    ("SHIB", Decimal(2_000_000_000)),
    ("XRP", Decimal(100_000)),
)


def _account(name: str) -> Account:
    """Return an account whose API key and secret are not secret: both are valid here only."""
    return Account(
        api_key=f"sandbox-key-{name}", secret=f"sandbox-secret-{name}", balances=BALANCES
    )


DEMO_ACCOUNT = _account("one")
SECOND_ACCOUNT = _account("two")


def key_account(public_key: str) -> Account:
    """Return the account of an Ed25519 public key (PEM)."""
    return replace(_account("ed25519"), secret="", public_key=public_key)


def default_config(seed: int) -> SandboxConfig:
    """Return four symbols that differ in tick, price and activity, and two accounts."""
    return SandboxConfig(markets=MARKETS, accounts=(DEMO_ACCOUNT, SECOND_ACCOUNT), seed=seed)


def real_like_config(seed: int) -> SandboxConfig:
    """Return three symbols that behave like recorded markets, and two accounts."""
    return replace(default_config(seed), markets=REAL_LIKE_MARKETS)
