"""Configuration of the sandbox: symbols, accounts, limits and timing."""

from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path

from quoter.sim.messages import FeeCoin, MarketSpec
from quoter.sim.model_markets import MARKETS
from quoter.sim.real_markets import REAL_LIKE_MARKETS

PING_S = 20.0  # as Binance does
SHUTDOWN_NOTICE_S = 10.0  # Binance gives ten minutes before its 24 h limit


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyPermissions:
    """Rights of a key besides trading; by default none, and bound to IP addresses."""

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

    Files are read one after another. `speed`: seconds of the recording per second; inf: as fast as
    readers accept it. After the last line the market does not change.
    """

    symbol: str
    files: tuple[Path, ...]
    speed: float = 1.0
    waits_for_reader: bool = False  # start at the first subscription to one of its streams


@dataclass(frozen=True, slots=True, kw_only=True)
class CrashScenario:
    """A crash of all markets `in_s` seconds after the start, with exchange faults during it.

    `time_scale`: speed of the crash relative to sim.scripts.Crash, > 0.
    """

    in_s: float = 60.0
    time_scale: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxConfig:
    """Configuration of `SandboxServer`.

    Every socket is closed `disconnect_s` seconds after it was opened. It gets `serverShutdown`
    `shutdown_notice_s` seconds before that, but never in the first half of `disconnect_s`.
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


BALANCES = (
    ("BTC", Decimal(2)),
    ("USDT", Decimal(200_000)),
    ("NEXO", Decimal(50_000)),
    ("SHIB", Decimal(2_000_000_000)),
    ("XRP", Decimal(100_000)),
)


def _account(name: str) -> Account:
    """Return an account whose API key and secret need no protection: they are valid only here."""
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
