"""Every setting there is, by the question that it answers. Units end the descriptions.

`examples` holds what `.env.example` shows for a setting without a default: safe in the sandbox.
"""

from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, Field, SecretStr

from quoter.settings.parse import (
    AMOUNT_MAX,
    AMOUNT_MIN,
    parse_dead_man,
    parse_exchange_id,
    parse_horizon,
    parse_host_names,
    parse_symbol,
    parse_target,
)

TOKENS = ("read_token", "operator_token", "risk_token")  # least right first


class Control(BaseModel):
    """Who may steer a running daemon over HTTP: nobody, unless a token is here"""

    read_token_file: Path | None = Field(
        None, repr=False, description="file with the token that may look at the knobs"
    )
    operator_token_file: Path | None = Field(
        None, repr=False, description="file with the token that may pause, resume, reduce and kill"
    )
    risk_token_file: Path | None = Field(
        None, repr=False, description="file with the token that may re-arm and flatten as well"
    )
    read_token: SecretStr | None = Field(
        None, validate_default=True, description="never here: the secret file quoter_read_token"
    )
    operator_token: SecretStr | None = Field(
        None, validate_default=True, description="never here: the secret file quoter_operator_token"
    )
    risk_token: SecretStr | None = Field(
        None, validate_default=True, description="never here: the secret file quoter_risk_token"
    )
    control_non_loopback: bool = Field(
        False,
        description="steering by tokens on an address that is not loopback, because nothing but "
        "loopback is published: true or false",
    )


class PreTrade(BaseModel):
    """What an order, the market and our own pace must look like"""

    price_collar_bps: float = Field(
        100,
        ge=5,
        le=500,
        description="no order farther from mid, last trade and mean of a minute; bps of price",
    )
    price_jump_bps: float = Field(
        100,
        ge=0,
        le=5_000,
        description="move of the mid in 1 s that pauses us, 0 for off; bps of price",
    )
    quote_drift_bps: float = Field(
        300,
        ge=0,
        le=5_000,
        description="move of our quotes in 60 s that pauses us, 0 for off; bps of price",
    )
    book_spread_max_bps: float = Field(
        500, ge=1, le=5_000, description="no order into a book that is wider; bps of price"
    )
    book_depth_min: Decimal | None = Field(
        None,
        ge=0,
        le=AMOUNT_MAX,
        description="no order unless the best five levels of each side hold this, unset for the "
        "order's own size, 0 for off; base units",
    )
    creates_per_min: int = Field(
        600, ge=10, le=6_000, description="new orders in 60 s beyond which we pause; count"
    )
    creates_per_fill: int = Field(
        500,
        ge=0,
        le=100_000,
        description="new orders for each fill in 10 min beyond which we pause, from 1000 on, 0 for "
        "off; count",
    )
    turnover_max: float = Field(
        10,
        gt=0,
        le=10_000,
        description="volume in 60 s beyond which we pause until resumed; inventory limits, no unit",
    )


class MarketRegime(BaseModel):
    """When a market is no longer one to quote as usual, and how far equity may fall"""

    regime: Literal["on", "off"] = Field(
        "on",
        description="ladder from NORMAL to WIDE (farther out, half the size) to REDUCE_ONLY when "
        "volatility, a move or a loss is beyond the usual: on or off",
    )
    regime_wide: float = Field(
        2, ge=1.2, le=20, description="volatility over the usual one that makes it WIDE; no unit"
    )
    regime_reduce: float = Field(
        4,
        ge=1.5,
        le=50,
        description="the same for REDUCE_ONLY, at least QUOTER_REGIME_WIDE; no unit",
    )
    regime_calm_s: float = Field(
        60, ge=10, le=3_600, description="calm that steps down one rung of it; seconds"
    )
    regime_equity_drop: Decimal | None = Field(
        None,
        gt=0,
        le=AMOUNT_MAX,
        description="fall of equity that makes it REDUCE_ONLY; quote currency, half of "
        "QUOTER_LOSS_MAX if not given",
    )
    drawdown_max: Decimal | None = Field(
        None,
        gt=0,
        le=AMOUNT_MAX,
        description="fall of equity from its highest since start at which we stop for good and "
        "cancel; quote currency, QUOTER_LOSS_MAX if not given",
    )
    markout_loss_max: Decimal = Field(
        Decimal(0),
        ge=0,
        le=AMOUNT_MAX,
        description="loss of a minute's fills, each within 5 s, that pauses us for a minute, 0 for "
        "off; quote currency",
    )


class Watched(BaseModel):
    """Who stops us when we can't: the sentinel, and the venue's dead man's switch"""

    sentinel: Literal["off", "auto", "required"] = Field(
        "auto",
        description="pause without a sign of life of `quoter sentinel` for 5 s: off, auto (once "
        "one was seen) or required",
    )
    heartbeat_timeout_s: float = Field(
        3,
        ge=1,
        le=10,
        description="silence of the daemon after which its sentinel cancels all; seconds",
    )
    sentinel_port: int = Field(
        9465, ge=0, le=65_535, description="TCP port of the sentinel's HTTP; number, 0 for any free"
    )
    sentinel_api_key_file: Path | None = Field(
        None,
        repr=False,
        description="file that holds the sentinel's own API key (cancel and read); without: ours",
    )
    sentinel_api_secret_file: Path | None = Field(
        None, repr=False, description="file that holds the secret of that key"
    )
    sentinel_api_key: SecretStr | None = Field(
        None, validate_default=True, description="the sentinel's own API key itself"
    )
    sentinel_api_secret: SecretStr | None = Field(
        None, validate_default=True, description="the secret of that key"
    )
    dead_man: Annotated[Literal["auto", "off"] | int, BeforeValidator(parse_dead_man)] = Field(
        "auto",
        description="the venue cancels every order of the account when it has not heard of us for "
        "so long: auto (where it can), off, or seconds",
    )


class Environment(StrEnum):
    """Whose money is at stake."""

    SANDBOX = "sandbox"  # our own exchange, play money
    TESTNET = "testnet"  # the venue's test system
    PRODUCTION = "production"


class Venue(BaseModel):
    """Where to trade, and as whom"""

    environment: Environment = Field(
        Environment.SANDBOX, description="sandbox, testnet or production (real money)"
    )
    i_accept_production: str = Field(
        "",
        description="second half of the production opt-in: the value of QUOTER_EXCHANGE, as text",
    )
    exchange: Annotated[str, BeforeValidator(parse_exchange_id)] = Field(
        "binance", description="exchange, by its ccxt id"
    )
    symbol: Annotated[str, BeforeValidator(parse_symbol)] = Field(
        "BTC/USDT", description="market, by its ccxt name BASE/QUOTE"
    )
    sandbox_url: str = Field(
        "http://127.0.0.1:8765",
        description="root URL of the sandbox exchange, or of any server that speaks its dialect",
    )
    secrets_dir: Path = Field(
        Path("/run/secrets"), description="folder with one file per secret, such as quoter_api_key"
    )
    api_key_file: Path | None = Field(
        None, repr=False, description="file that holds the API key; better than QUOTER_API_KEY"
    )
    api_secret_file: Path | None = Field(
        None, repr=False, description="file that holds the API secret"
    )
    api_password_file: Path | None = Field(
        None, repr=False, description="file that holds the API passphrase, where a venue wants one"
    )
    api_key: SecretStr | None = Field(
        None, validate_default=True, description="API key; no right to withdraw, please"
    )
    api_secret: SecretStr | None = Field(
        None, validate_default=True, description="API secret or private key"
    )
    api_password: SecretStr | None = Field(
        None, validate_default=True, description="API passphrase, where a venue wants one"
    )
    creates_per_s: float = Field(
        10, gt=0, le=100, description="new orders that we allow ourselves, per second"
    )


class Limits(BaseModel):
    """How much may be at risk: required, there is no safe default"""

    inventory_max: Decimal = Field(
        gt=0,
        le=AMOUNT_MAX,
        examples=["0.05"],
        description="hard limit of |position - target| in the worst case, open orders included; "
        "base units",
    )
    order_size: Decimal = Field(
        ge=AMOUNT_MIN,
        le=AMOUNT_MAX,
        examples=["0.005"],
        description="size of one order; base units, <= limit / 3",
    )
    loss_max: Decimal = Field(
        gt=0,
        le=AMOUNT_MAX,
        examples=["100"],
        description="loss since start at which we stop for good and cancel; quote currency",
    )
    notional_max: Decimal = Field(
        gt=0,
        le=AMOUNT_MAX,
        examples=["1000"],
        description="largest worth of one order; quote currency",
    )
    position_notional_max: Decimal | None = Field(
        None,
        gt=0,
        le=AMOUNT_MAX,
        description="worth of the worst-case inventory above which we only reduce; quote currency",
    )
    foreign_activity: Literal["pause", "kill", "ignore"] = Field(
        "pause",
        description="when orders or fills of somebody else show on the account: pause (while they "
        "do), kill, or ignore",
    )
    target: Annotated[Literal["auto"] | Decimal, BeforeValidator(parse_target)] = Field(
        "auto", description="holdings to come back to: auto (opening balance) or base units"
    )


class Pricing(BaseModel):
    """At what price"""

    model: Literal["glft", "glft_exact", "as"] = Field(
        "glft",
        description="glft (stationary), glft_exact (the same without its approximation, for few "
        "lots or a high gamma) or as (Avellaneda-Stoikov with a horizon)",
    )
    fair_value: Literal["mid", "micro"] = Field(
        "mid",
        description="fair value: mid, or micro (moved by what the sizes at the touch foretell)",
    )
    gamma: float = Field(
        1,
        gt=0,
        description="risk aversion: 1 is usual, 0.1 calm, 10 eager to be flat; no unit "
        "(0.001..1000), or 1/quote with QUOTER_GAMMA_UNIT=raw",
    )
    gamma_unit: Literal["norm", "raw"] = Field(
        "norm", description="norm (same meaning on every market) or raw (the papers' 1/quote)"
    )
    horizon: Annotated[Literal["auto", "session"] | float, BeforeValidator(parse_horizon)] = Field(
        "auto", description="with model as: session, or a rolling horizon in seconds"
    )
    session_s: float | None = Field(
        None, gt=0, le=604_800, description="length of the session with horizon session; seconds"
    )
    sigma: float | None = Field(
        None, gt=0, description="first guess of volatility; quote currency per sqrt(second)"
    )
    kappa: float | None = Field(
        None, gt=0, description="decay of fill intensity with distance; 1 / quote currency"
    )
    intensity: float | None = Field(
        None, gt=0, description="fills at distance zero, each side; 1 / second"
    )
    volatility_half_life_s: float = Field(
        300, ge=10, le=86_400, description="memory of the slow volatility estimate; seconds"
    )
    volatility_half_life_fast_s: float = Field(
        30, ge=1, le=3_600, description="memory of the fast volatility estimate; seconds"
    )
    intensity_half_life_s: float = Field(
        600, ge=30, le=86_400, description="memory of the intensity estimate; seconds"
    )
    widening_beta: float = Field(
        1, ge=0, le=4, description="growth of the exposed side at the limit; half-spreads, no unit"
    )
    widening_power: float = Field(
        2, ge=1, le=4, description="how late that growth sets in; no unit"
    )
    size_eta: float = Field(
        1, ge=0, le=10, description="shrinks exposed orders by exp(-eta |q| / limit); no unit"
    )
    levels: int = Field(1, ge=1, le=10, description="orders on each side; count")
    level_step_bps: float = Field(
        0, ge=0, le=1_000, description="least distance between levels; bps of price, 0 for auto"
    )
    spread_min_bps: float = Field(
        0, ge=0, le=5_000, description="never quote bid to ask tighter; bps of price"
    )
    spread_max_bps: float = Field(
        500, gt=0, le=5_000, description="no quote at all if bid to ask is wider; bps of price"
    )
    fee_maker_bps: float | None = Field(
        None, ge=-100, le=1_000, description="maker fee, if the venue's own is wrong; bps of price"
    )
    adverse_bps: float = Field(
        0, ge=0, le=1_000, description="loss to better informed takers, each side; bps of price"
    )
    fill_correction: bool = Field(
        True, description="correct the intensity by our own fills: true or false"
    )
    alpha_max: float = Field(
        2,
        ge=0,
        le=2,
        description="most that learned flow may move both quotes, 0 for off; half-spreads, no unit",
    )
    markout_cost_max: float = Field(
        2,
        ge=0,
        le=2,
        description="most that losses soon after our fills may move their side out, 0 for off; "
        "half-spreads, no unit",
    )
    side_cooldown_s: float = Field(
        5,
        ge=0,
        le=60,
        description="rest of a side after four fills of it within a second, 0 for off; seconds",
    )


class Requoting(BaseModel):
    """How often, and on how fresh a book"""

    requote_hold_s: float = Field(
        1, ge=0, le=60, description="rest of an order before it may move closer; seconds"
    )
    requote_tolerance: float = Field(
        0.1, ge=0, le=1, description="move that is not worth a message; half-spreads, no unit"
    )
    book_stale_s: float = Field(
        2, ge=0.5, le=30, description="silence of the feed after which we pause; seconds"
    )
    flap_pauses_max: int = Field(
        5,
        ge=1,
        le=1_000,
        description="pauses by one cause in 10 min, a count; more wait for a resume",
    )
    quote_ttl_s: float = Field(
        30, ge=5, le=300, description="age at which an order is renewed in any case; seconds"
    )


class Process(BaseModel):
    """This process: files, HTTP, logs"""

    data_dir: Path = Field(Path("data"), description="folder of ledger, latch and lock")
    host: str = Field("127.0.0.1", description="address to listen on; 0.0.0.0 only in a container")
    port: int = Field(9464, ge=0, le=65_535, description="TCP port of HTTP; number, 0 for any free")
    http_hosts: Annotated[str, BeforeValidator(parse_host_names)] = Field(
        "quoter", description="names (commas between) under which others may call us, beside ours"
    )
    rss_max_mb: int = Field(
        400,
        ge=0,
        le=1_048_576,
        description="memory above which the daemon ends cleanly to be started again; MiB, 0 "
        "for off, below the container's limit",
    )
    log_format: Literal["auto", "json", "pretty"] = Field(
        "auto", description="json lines, pretty, or auto (pretty on a terminal)"
    )
    quote_log_interval_s: float = Field(
        30,
        ge=0,
        le=3_600,
        description="log line with every term of the quote, at most this often, 0 for off; seconds",
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="least important line that is still written"
    )
    instance: str = Field(
        "0",
        pattern=r"^[0-9a-z]{1,2}$",
        description="1 or 2 of 0-9a-z, in our order ids: differs between daemons of one account",
    )


SECTIONS: tuple[type[BaseModel], ...] = (
    Venue,
    Limits,
    PreTrade,
    MarketRegime,
    Pricing,
    Requoting,
    Watched,
    Process,
    Control,
)
SECRETS = (
    "api_key",
    "api_secret",
    "api_password",
    "sentinel_api_key",
    "sentinel_api_secret",
    *TOKENS,
)
# What must never be printed: a secret pasted into a *_FILE setting is one too.
HIDDEN = frozenset(SECRETS) | {f"{name}_file" for name in SECRETS}
