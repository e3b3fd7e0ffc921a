"""Configuration of the venue adapters: venue, symbol, keys, time limits."""

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal
from urllib.parse import urlsplit

type Environment = Literal["sandbox", "testnet", "demo", "production"]
type NowNs = Callable[[], int]  # UTC nanoseconds, never running backwards


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamTimings:
    """Times and limits of a stream: stalls, reconnects, checks, handovers (FD-04 to FD-10)."""

    ping_s: float = 1.0  # ping after this silence, well within the 2 s after which data is stale
    stall_s: float = 2.0  # after this time without data the next frame may be old (the stale limit)
    pong_s_max: float = 3.0
    pongs_missed_max: int = 2  # dead after 1 + 2 * 3 = 7 s; FD-04 promises 10 s
    open_s_max: float = 10.0
    backoff_base_s: float = 0.25
    backoff_s_min: float = 0.05  # ccxt.pro loses subscriptions when called again at once
    backoff_s_max: float = 30.0
    stable_s: float = 60.0  # a connection that lasted this long resets the back-off
    connects_max: int = 20
    connects_window_s: float = 300.0
    frame_bytes_max: int = 2_000_000
    frames_queued_max: int = 256
    resync_pause_s: float = 0.5  # at least this long between two depth snapshots
    snapshot_s_max: float = 10.0
    handover_s: float = 85_800.0  # age at which a new connection takes over; venues end it at 24 h
    book_check_s: float = 45.0  # between comparisons of the book with a REST snapshot
    book_check_settle_s: float = 1.0  # waited before and after the REST request of a comparison
    latency_s_max: float = 1.0  # a frame older than this, by the venue's clock, is late
    latency_frames: int = 3  # late frames in a row that raise FEED_SLOW
    status_s: float = 8.0  # between requests for the venue's trading status
    reopen_s: float = 10.0  # after trading opens again: wait before the book is used
    silent_s_max: float = 10.0  # from an answered order to the first private event after it


@dataclass(frozen=True, slots=True, kw_only=True)
class VenueConfig:
    """One symbol of one account at one venue. Secrets never show in a repr."""

    exchange: str  # ccxt's id, "binance"
    symbol: str  # ccxt's unified name, "BTC/USDT"
    environment: Environment
    order_prefix: str  # first letters of all our client ids
    sandbox_url: str = ""  # "http://127.0.0.1:8080", needed for `sandbox`
    api_key: str = field(default="", repr=False)
    secret: str = field(default="", repr=False)
    password: str = field(default="", repr=False)
    hosts: frozenset[str] = frozenset()  # replaces the list of hosts that may be contacted
    is_trial_first: bool = False  # True: a trial order precedes the quotes
    is_cancel_only: bool = False  # True: the egress gate never opens for creates
    # True: the same; the process only reads public data, without a key
    is_public_only: bool = False
    is_read_only: bool = False  # True: the same, but a key may read the account's fee
    fee_maker: Decimal | None = None  # fraction of notional; None: the account's is requested
    native_feed: bool = True  # False: the public feed through ccxt.pro too
    depth_levels: int = 1000  # levels per side of a depth snapshot
    call_s_max: float = 5.0  # a call that takes longer has an unknown outcome
    close_s_max: float = 3.0
    create_age_s_max: float = 0.25  # decision to socket; an older create is not sent
    create_window_ms: int = 2000  # the venue drops a create that arrives later
    call_window_ms: int = 5000
    keep_alive_ms: int = 3000  # ping interval of ccxt's sockets
    pongs_missed_max: int = 2
    clock_offset_s_max: float = 1.0
    key_rights_s: float = 3600.0  # between checks of the API key's permissions
    stream: StreamTimings = field(default_factory=StreamTimings)

    def __post_init__(self) -> None:
        if not self.order_prefix.isalnum() or self.order_prefix[0] in "tT0123456789":
            raise ValueError(
                f"order prefix {self.order_prefix!r}: use letters and digits, beginning with a "
                f"letter other than t"
            )
        if self.environment == "sandbox" and not urlsplit(self.sandbox_url).netloc:
            raise ValueError(
                f"QUOTER_SANDBOX_URL: must be a URL such as http://host:port (got "
                f"{self.sandbox_url})"
            )
        if self.is_public_only and (self.api_key or self.secret or self.password):
            raise ValueError("a key is given for public market data only")

    @property
    def places_orders(self) -> bool:
        """Whether this process creates orders; else its egress gate never opens for creates."""
        return not (self.is_cancel_only or self.is_public_only or self.is_read_only)

    def is_own(self, client_id: str) -> bool:
        """Whether `client_id` belongs to an order of this instance."""
        return client_id.startswith(self.order_prefix)
