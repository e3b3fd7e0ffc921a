"""All settings: name, type, default, bounds and help text, in groups.

A group is a class. The first line of its docstring is the group's heading in `.env.example` and in
`deploy/docs/settings.md`; the rest is its introduction. A description gives the meaning of the
value, its unit and its effect. `examples` has the value that `.env.example` shows for a required
setting; it is safe in the sandbox.
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
    parse_instance,
    parse_symbol,
    parse_target,
)
from quoter.sim.fill_models import FillModel

TOKENS = ("read_token", "operator_token", "risk_token")  # in rising order of rights


class Control(BaseModel):
    """Who may control the running daemon over HTTP?

    The control API exists only if at least one token is configured. Make a token with
    `openssl rand -hex 32`. Each role needs a token of its own.
    """

    read_token_file: Path | None = Field(
        None,
        repr=False,
        description="File that holds the token of the read role, which may read the live "
        "parameters.",
    )
    operator_token_file: Path | None = Field(
        None,
        repr=False,
        description="File that holds the token of the operator role, which may also pause, "
        "resume, reduce, kill and change live parameters.",
    )
    risk_token_file: Path | None = Field(
        None,
        repr=False,
        description="File that holds the token of the risk role, which may do everything that the "
        "operator role may, and also re-arm and flatten.",
    )
    read_token: SecretStr | None = Field(
        None,
        validate_default=True,
        description="Token of the read role. Refused in the environment and in `.env`, which other "
        "processes may read: put it into the file `quoter_read_token` in QUOTER_SECRETS_DIR.",
    )
    operator_token: SecretStr | None = Field(
        None,
        validate_default=True,
        description="Token of the operator role. Refused in the environment and in `.env`, which "
        "other processes may read: put it into the file `quoter_operator_token` in "
        "QUOTER_SECRETS_DIR.",
    )
    risk_token: SecretStr | None = Field(
        None,
        validate_default=True,
        description="Token of the risk role. Refused in the environment and in `.env`, which other "
        "processes may read: put it into the file `quoter_risk_token` in QUOTER_SECRETS_DIR.",
    )
    control_non_loopback: bool = Field(
        False,
        description="Whether tokens are allowed while QUOTER_HOST is not a loopback address: true "
        "or false. Set it to true only if the port is published on loopback only, as "
        "docker-compose.yml does.",
    )


class PreTradeChecks(BaseModel):
    """Which orders are denied before they are sent?

    An order that fails one of these checks is not sent, and its side sends no order for the next
    second. The log line `order_denied` has the reason; the metric `quoter_orders_denied_total`
    counts by check.
    """

    price_collar_bps: float = Field(
        100,
        ge=5,
        le=500,
        description="Maximum distance of an order's price, in bps of price, from each of three "
        "references: the mid, the last trade of the last minute, and the mean mid of the last "
        "minute. An order that can only reduce the inventory may be anywhere between the lowest "
        "and the highest of them, or up to this distance outside.",
    )
    book_spread_max_bps: float = Field(
        500,
        ge=1,
        le=5_000,
        description="Maximum bid-ask spread of the book, in bps of price; while it is wider, no "
        "order is sent.",
    )
    book_depth_min: Decimal | None = Field(
        None,
        ge=0,
        le=AMOUNT_MAX,
        description="Minimum total size, without our orders, of the best five levels of each side "
        "of the book, in base units; with less, no order is sent. Unset: the size of the order. "
        "0: no check.",
    )


class ActivityLimits(BaseModel):
    """When do price moves or our own activity pause quoting?

    These limits apply to a period of time. When one is exceeded, all orders are cancelled and
    quoting pauses.
    """

    price_jump_bps: float = Field(
        100,
        ge=0,
        le=5_000,
        description="Maximum move of the mid within 1 s, in bps of price; above it quoting pauses "
        "for at least 5 s, until a new snapshot of the book arrives (cause `price_jump`). "
        "0: no limit.",
    )
    quote_drift_bps: float = Field(
        300,
        ge=0,
        le=5_000,
        description="Maximum move of our own best quote of a side within 60 s, in bps of price; "
        "above it quoting pauses for at least 5 s, until a new snapshot of the book arrives "
        "(cause `price_jump`). 0: no limit.",
    )
    creates_per_min: int = Field(
        600,
        ge=10,
        le=6_000,
        description="Maximum number of new orders per 60 s; above it quoting pauses until the "
        "number is at most 80 % of it (cause `message_rate`). New orders are spaced so that they "
        "stay below it (see QUOTER_CREATES_PER_S), so the pause normally does not happen.",
    )
    creates_per_fill: int = Field(
        500,
        ge=0,
        le=100_000,
        description="Maximum number of new orders per fill in the last 10 min, checked if there "
        "were at least 1,000 new orders; above it quoting pauses until the ratio is at most 80 % "
        "of it, or the last 10 min have fewer than 800 new orders (cause `message_rate`). While "
        "few of the allowed new orders are left, an order is replaced only at a larger price "
        "difference, up to ten times QUOTER_REQUOTE_TOLERANCE, so that this limit is normally not "
        "reached. 0: no limit.",
    )
    turnover_max: float = Field(
        10,
        gt=0,
        le=10_000,
        description="Maximum volume of our fills per 60 s, as a multiple (no unit) of the larger "
        "of QUOTER_INVENTORY_MAX and the volume that was expected to fill at our prices; above it "
        "quoting pauses until `quoter resume` (cause `repeated_execution`).",
    )


class MarketRegime(BaseModel):
    """When is the market too volatile to quote as usual, and how far may equity fall?

    The market regime has three levels. NORMAL: quote as usual. WIDE: quotes are farther from the
    fair value, with half the size. REDUCE_ONLY: only orders that reduce the inventory. Equity is
    the profit since the daemon was started, after fees, with the inventory valued at the mid.
    """

    regime: Literal["on", "off"] = Field(
        "on",
        description="on: high volatility, a fast price move or a fall of equity raises the market "
        "regime. off: the regime is always NORMAL. Loss limits and pauses apply in both cases.",
    )
    regime_wide: float = Field(
        2,
        ge=1.2,
        le=20,
        description="Ratio of present to usual volatility (no unit) above which the regime becomes "
        "WIDE.",
    )
    regime_reduce: float = Field(
        4,
        ge=1.5,
        le=50,
        description="Ratio of present to usual volatility (no unit) above which the regime becomes "
        "REDUCE_ONLY; must be at least QUOTER_REGIME_WIDE.",
    )
    regime_calm_s: float = Field(
        20,
        ge=10,
        le=3_600,
        description="Seconds without a signal for the present level of the regime or a higher one, "
        "after which the regime goes down by one level. Time without a book is not counted.",
    )
    regime_equity_drop: Decimal | None = Field(
        None,
        gt=0,
        le=AMOUNT_MAX,
        description="Fall of equity below its highest value, in quote currency, above which the "
        "regime becomes REDUCE_ONLY; after such a fall the next one is measured from the lower "
        "value. No effect with QUOTER_REGIME=off. Must be at most QUOTER_LOSS_MAX. Unset: half of "
        "QUOTER_LOSS_MAX.",
    )
    drawdown_max: Decimal | None = Field(
        None,
        gt=0,
        le=AMOUNT_MAX,
        description="Maximum fall of equity below its highest value since the daemon was started, "
        "in quote currency; at it the kill switch fires and all orders are cancelled (cause "
        "`drawdown_limit`). Unset: QUOTER_LOSS_MAX.",
    )
    markout_loss_max: Decimal = Field(
        Decimal(0),
        ge=0,
        le=AMOUNT_MAX,
        description="Maximum loss within a minute by moves of the mid against our fills, in quote "
        "currency; for each fill the move within 5 s is counted. At the limit quoting pauses for a "
        "minute (cause `markout_loss`). 0: no limit.",
    )


class ExternalStops(BaseModel):
    """What cancels our orders if the daemon dies?

    Two mechanisms outside the daemon: the sentinel (`quoter sentinel`, a second process) and the
    dead man's switch of the venue, where the venue has one.
    """

    sentinel: Literal["off", "auto", "required"] = Field(
        "auto",
        description="Whether quoting pauses while `quoter sentinel` has written no heartbeat for "
        "5 s (cause `sentinel_lost`): off (never), auto (only if this run has seen a heartbeat) or "
        "required (also from the start until the first heartbeat).",
    )
    heartbeat_timeout_s: float = Field(
        3,
        ge=1,
        le=10,
        description="Seconds without a new heartbeat of the daemon, after which the sentinel "
        "cancels the daemon's orders and writes the kill latch, which stops the daemon from "
        "quoting, also after a restart.",
    )
    sentinel_port: int = Field(
        9465,
        ge=0,
        le=65_535,
        description="TCP port number of the sentinel's HTTP server. 0: any free port.",
    )
    sentinel_api_key_file: Path | None = Field(
        None,
        repr=False,
        description="File that holds an API key for the sentinel alone, with the right to read "
        "and cancel orders. Unset: the sentinel uses the daemon's key.",
    )
    sentinel_api_secret_file: Path | None = Field(
        None, repr=False, description="File that holds the API secret of the sentinel's key."
    )
    sentinel_api_key: SecretStr | None = Field(
        None,
        validate_default=True,
        description="The sentinel's API key itself. Prefer QUOTER_SENTINEL_API_KEY_FILE; in "
        "production a key in the environment or in `.env` is refused.",
    )
    sentinel_api_secret: SecretStr | None = Field(
        None,
        validate_default=True,
        description="The API secret of the sentinel's key. Prefer "
        "QUOTER_SENTINEL_API_SECRET_FILE; in production a secret in the environment or in `.env` "
        "is refused.",
    )
    dead_man: Annotated[Literal["auto", "off"] | int, BeforeValidator(parse_dead_man)] = Field(
        "auto",
        description="Time-out of the venue's dead man's switch: auto (20 or 60 s, as suits the "
        "venue; none at a venue without a switch that quoter uses), off, or whole seconds within "
        "the venue's range (deploy/docs/venues.md). If the daemon does not refresh it in time, the "
        "venue cancels every order of the account, also those of other programs.",
    )


class Environment(StrEnum):
    """Systems that orders can be sent to."""

    SANDBOX = "sandbox"  # quoter's own exchange, play money
    TESTNET = "testnet"  # the venue's test system
    DEMO = "demo"  # the venue's demo accounts: play money, mostly at the real market's prices
    PAPER = "paper"  # a simulated venue inside the daemon that follows a real venue's public feed
    PRODUCTION = "production"  # real money

    @property
    def is_play_money(self) -> bool:
        """True if no real money can be lost."""
        return self is not Environment.PRODUCTION

    @property
    def needs_key(self) -> bool:
        """Whether orders need an API key of the user."""
        return self not in {Environment.SANDBOX, Environment.PAPER}


type System = Literal["sandbox", "testnet", "demo", "production"]  # of a venue


class Venue(BaseModel):
    """Where to trade, and with which account?

    Keep secrets in files, which either a `_FILE` setting names or QUOTER_SECRETS_DIR contains. Use
        an API key that can't withdraw.
    """

    environment: Environment = Field(
        Environment.SANDBOX,
        description="sandbox (play money), paper (a simulated venue on the live market, without a "
        "key), testnet or demo (the venue's own play money), or production (real money). "
        "deploy/docs/venues.md lists the environments of each venue.",
    )
    i_accept_production: str = Field(
        "",
        description="Confirmation for production: if QUOTER_ENVIRONMENT is production, this must "
        "be the value of QUOTER_EXCHANGE, or the daemon does not start. Elsewhere it has no "
        "effect.",
    )
    exchange: Annotated[str, BeforeValidator(parse_exchange_id)] = Field(
        "binance",
        description="Exchange, by its ccxt id, such as binance. deploy/docs/venues.md lists those "
        "that can be used.",
    )
    symbol: Annotated[str, BeforeValidator(parse_symbol)] = Field(
        "BTC/USDT", description="Spot market, by its ccxt name BASE/QUOTE, such as BTC/USDT."
    )
    sandbox_url: str = Field(
        "http://127.0.0.1:8765",
        description="Root URL of the sandbox exchange, or of any server with the same API. Used "
        "if QUOTER_ENVIRONMENT is sandbox, or paper with QUOTER_PAPER_MARKET=sandbox.",
    )
    secrets_dir: Path = Field(
        Path("/run/secrets"),
        description="Folder with one file per secret, named like the setting in lower case, such "
        "as quoter_api_key. The default folder may be missing; any other must exist.",
    )
    api_key_file: Path | None = Field(None, repr=False, description="File that holds the API key.")
    api_secret_file: Path | None = Field(
        None, repr=False, description="File that holds the API secret or private key."
    )
    api_password_file: Path | None = Field(
        None,
        repr=False,
        description="File that holds the API passphrase, for venues that require one.",
    )
    api_key: SecretStr | None = Field(
        None,
        validate_default=True,
        description="The API key itself. Prefer QUOTER_API_KEY_FILE; in production a key in the "
        "environment or in `.env` is refused.",
    )
    api_secret: SecretStr | None = Field(
        None,
        validate_default=True,
        description="The API secret or private key itself. Prefer QUOTER_API_SECRET_FILE; in "
        "production a secret in the environment or in `.env` is refused.",
    )
    api_password: SecretStr | None = Field(
        None,
        validate_default=True,
        description="The API passphrase itself. Prefer QUOTER_API_PASSWORD_FILE; in production a "
        "passphrase in the environment or in `.env` is refused.",
    )
    trial_order: Literal["auto", "off"] = Field(
        "auto",
        description="auto: before the first quote an order of the smallest size is placed far from "
        "the market, found in the private stream and in the list of open orders, and cancelled; if "
        "one of these steps fails, the start fails (exit code 45). In production and on paper "
        "there is no trial order; in production `quoter check --place` places one on request. "
        "off: no trial order; refused at venues that require one (deploy/docs/venues.md).",
    )
    creates_per_s: float = Field(
        10,
        gt=0,
        le=100,
        description="Maximum average rate of new orders, per second. As many as this allows in "
        "2 s may be sent at once; further ones wait. QUOTER_CREATES_PER_MIN may lower the rate.",
    )


class Paper(BaseModel):
    """How does a paper run fill orders?

    Used if QUOTER_ENVIRONMENT is paper: a simulated venue, which follows the live market, fills the
    orders. Rules and fees are those of QUOTER_EXCHANGE. The account is kept in the ledger.
    """

    paper_market: System = Field(
        "production",
        description="System whose public feed the simulated venue follows: production, testnet, "
        "demo or sandbox (QUOTER_SANDBOX_URL).",
    )
    paper_fill_model: FillModel = Field(
        FillModel.PESSIMISTIC,
        description="Rule for which trades at an order's price fill the order: front, probable, "
        "pessimistic or certain, as in `quoter backtest` (deploy/docs/backtest.md).",
    )
    paper_latency_ms: float = Field(
        10,
        ge=0,
        le=1_000,
        description="Median time that a message takes between daemon and simulated venue, in "
        "milliseconds, in each direction; market data is delayed by it as well. 0: no delay.",
    )
    paper_latency_spread: float = Field(
        3,
        ge=1,
        le=100,
        description="99 % quantile of the time of a message, as a multiple of "
        "QUOTER_PAPER_LATENCY_MS (no unit). 1: every message takes the same time.",
    )
    paper_base: Decimal | None = Field(
        None,
        ge=0,
        le=AMOUNT_MAX,
        description="Opening balance of a paper account, in base units. It is read when a new "
        "account is made: in the first run with a data folder, and after `quoter accept`. Other "
        "runs continue with the balances in the ledger. Unset: 2 * QUOTER_INVENTORY_MAX.",
    )
    paper_quote: Decimal | None = Field(
        None,
        ge=0,
        le=AMOUNT_MAX,
        description="Opening balance of a paper account, in quote currency, read at the same "
        "times as QUOTER_PAPER_BASE. Unset: 2 * QUOTER_INVENTORY_MAX / QUOTER_ORDER_SIZE * "
        "QUOTER_NOTIONAL_MAX.",
    )


class Limits(BaseModel):
    """How much may be at risk?

    The first four are required, because no default is safe for every account. They can't be
    changed while the daemon runs.
    """

    inventory_max: Decimal = Field(
        gt=0,
        le=AMOUNT_MAX,
        examples=["0.05"],
        description="Maximum inventory, |position - QUOTER_TARGET|, in base units. All open orders "
        "of a side are assumed to be filled; an order that could exceed the limit is not sent. If "
        "a fill exceeds it nevertheless, the kill switch fires (cause `inventory_breach`).",
    )
    order_size: Decimal = Field(
        ge=AMOUNT_MIN,
        le=AMOUNT_MAX,
        examples=["0.005"],
        description="Size of one order, in base units; at most a third of QUOTER_INVENTORY_MAX. "
        "Orders that would increase the inventory may be smaller (QUOTER_SIZE_ETA).",
    )
    loss_max: Decimal = Field(
        gt=0,
        le=AMOUNT_MAX,
        examples=["100"],
        description="Maximum loss since the daemon was started, realised and unrealised, in quote "
        "currency; at it the kill switch fires and all orders are cancelled (cause `loss_limit`). "
        "A restart begins at zero again.",
    )
    notional_max: Decimal = Field(
        gt=0,
        le=AMOUNT_MAX,
        examples=["1000"],
        description="Maximum value of one order, in quote currency; a larger order is not sent.",
    )
    position_notional_max: Decimal | None = Field(
        None,
        gt=0,
        le=AMOUNT_MAX,
        description="Maximum value of the inventory, in quote currency, if every open order of a "
        "side is filled; it is valued at the best ask plus QUOTER_PRICE_COLLAR_BPS. An order that "
        "could take the value above 95 % of the limit is not sent; if the price takes it above the "
        "limit, only orders that reduce the inventory are sent (cause `notional_limit`). Must be "
        "at least QUOTER_NOTIONAL_MAX. Unset: no limit.",
    )
    foreign_activity: Literal["pause", "kill", "ignore"] = Field(
        "pause",
        description="Reaction to orders or fills on the account that are not ours: pause (until no "
        "such order is open and the balances equal our books), kill (the kill switch fires) or "
        "ignore (none). Such orders are never cancelled.",
    )
    target: Annotated[Literal["auto"] | Decimal, BeforeValidator(parse_target)] = Field(
        "auto",
        description="Position that the inventory is measured from and that quoting returns to: "
        "auto (the balance of the base coin when the ledger's present epoch began) or an amount "
        "in base units.",
    )


class Pricing(BaseModel):
    """At which prices and sizes to quote?

    Sigma, kappa and intensity are estimated from the market; QUOTER_SIGMA, QUOTER_KAPPA and
    QUOTER_INTENSITY replace only their first estimates.
    """

    model: Literal["glft", "glft_exact", "as"] = Field(
        "glft",
        description="Pricing model: glft (stationary), glft_exact (glft without its "
        "approximation, better for few lots or a high gamma; at most 500 order sizes of "
        "inventory) or as (Avellaneda-Stoikov with a horizon).",
    )
    fair_value: Literal["mid", "micro"] = Field(
        "mid",
        description="How the fair value is computed: mid (the mean of best bid and best ask) or "
        "micro (the mid plus the move that the sizes at the best bid and ask predict).",
    )
    gamma: float = Field(
        1,
        gt=0,
        description="Risk aversion: 1 is usual, 0.1 tolerates inventory, 10 reduces it quickly. It "
        "has no unit and may be 0.001 to 1,000; with QUOTER_GAMMA_UNIT=raw it is in 1 / quote "
        "currency, and these figures do not apply.",
    )
    gamma_unit: Literal["norm", "raw"] = Field(
        "norm",
        description="Unit of QUOTER_GAMMA: norm (no unit; the same effect on every market) or raw "
        "(1 / quote currency, as in the papers).",
    )
    horizon: Annotated[Literal["auto", "session"] | float, BeforeValidator(parse_horizon)] = Field(
        "auto",
        description="Horizon of QUOTER_MODEL=as: session (the time until the end of the session, "
        "see QUOTER_SESSION_S) or a fixed number of seconds, at most 604,800. Must be auto with "
        "every other model, and must not be auto with this one.",
    )
    session_s: float | None = Field(
        None,
        gt=0,
        le=604_800,
        description="Length of the session, in seconds, counted from the first estimates of the "
        "market, about when quoting starts; required with QUOTER_HORIZON=session, refused without "
        "it.",
    )
    sigma: float | None = Field(
        None,
        gt=0,
        description="First estimate of volatility, in quote currency per sqrt(second). Unset: "
        "that of the last run, if the ledger has one of the last hour; else from the venue's "
        "one-minute bars; else from 5 s of market data.",
    )
    kappa: float | None = Field(
        None,
        gt=0,
        description="First estimate of kappa, the decay of the fill rate with distance, in "
        "1 / quote currency. Unset: that of the last run, if the ledger has one of the last 24 h; "
        "else from the venue's recent trades; else from the bid-ask spread of the book.",
    )
    intensity: float | None = Field(
        None,
        gt=0,
        description="First estimate of the fill rate at distance zero, per side, in 1 / second. "
        "Unset: that of the last run, if the ledger has one of the last 24 h; else from the "
        "venue's recent trades; else from 5 s of market data.",
    )
    volatility_half_life_s: float = Field(
        300,
        ge=10,
        le=86_400,
        description="Half-life of the slow volatility estimate, in seconds. Quotes use the slow "
        "estimate or 85 % of the fast one, whichever is higher. Both are taken from moves of 1 s "
        "and scaled to moves of 30 s.",
    )
    volatility_half_life_fast_s: float = Field(
        30,
        ge=1,
        le=3_600,
        description="Half-life of the fast volatility estimate, in seconds. The lower it is, the "
        "sooner quotes move away from the mid, and the sooner the market regime rises, when "
        "volatility rises.",
    )
    intensity_half_life_s: float = Field(
        600,
        ge=30,
        le=86_400,
        description="Half-life of the estimates of kappa and intensity, in seconds. The lower it "
        "is, the sooner they follow the market, and the fewer trades they are computed from.",
    )
    widening_beta: float = Field(
        1,
        ge=0,
        le=4,
        description="Extra distance, from the fair value, of the quote that would increase the "
        "inventory, when the inventory is at QUOTER_INVENTORY_MAX, in half-spreads (no unit). "
        "0: no widening.",
    )
    widening_power: float = Field(
        2,
        ge=1,
        le=4,
        description="Exponent of |inventory| / QUOTER_INVENTORY_MAX in the widening of "
        "QUOTER_WIDENING_BETA (no unit); with a higher value the widening starts "
        "later and grows faster.",
    )
    size_eta: float = Field(
        1,
        ge=0,
        le=10,
        description="Reduction of orders that would increase the inventory: their size is "
        "multiplied by exp(-QUOTER_SIZE_ETA * |inventory| / QUOTER_INVENTORY_MAX) (no unit). "
        "0: they keep their size.",
    )
    levels: int = Field(
        1,
        ge=1,
        le=10,
        description="Maximum number of orders on each side, at different prices.",
    )
    level_step_bps: float = Field(
        0,
        ge=0,
        le=1_000,
        description="Minimum distance between two orders of a side, in bps of price. The distance "
        "is at least one tick, and at least as much as the model shifts the quotes when the "
        "inventory changes by one order size. No effect with QUOTER_LEVELS=1.",
    )
    spread_min_bps: float = Field(
        0,
        ge=0,
        le=5_000,
        description="Minimum bid-ask spread that we quote, in bps of price; an order that reduces "
        "the inventory may be closer to the fair value than half of it. Must be less than "
        "QUOTER_SPREAD_MAX_BPS.",
    )
    spread_max_bps: float = Field(
        500,
        gt=0,
        le=5_000,
        description="Maximum bid-ask spread that we quote, in bps of price; a side farther than "
        "half of it from the fair value is not quoted.",
    )
    fee_maker_bps: float | None = Field(
        None,
        ge=-100,
        le=1_000,
        description="Maker fee, in bps of price, negative for a rebate. Unset: the fee that the "
        "venue reports for the account; at a venue that reports none the start is refused. "
        "Without a key (paper, or a dry run) the fee of a new account, as ccxt lists it.",
    )
    adverse_bps: float = Field(
        0,
        ge=0,
        le=1_000,
        description="Expected price move against us after a fill, in bps of price; it is added to "
        "the maker fee, so that each side is farther from the fair value by this much.",
    )
    fill_correction: bool = Field(
        True,
        description="Whether the estimated intensity is corrected by our own fills: true or false. "
        "It is multiplied by (our fills + 5) / (expected fills + 5), counted in order sizes with a "
        "half-life of an hour, but by at least 0.1 and at most 2.",
    )
    alpha_max: float = Field(
        2,
        ge=0,
        le=2,
        description="Maximum price move, as predicted from recent trades, that the quotes follow, "
        "in half-spreads (no unit). Both quotes shift by the predicted move; the quote that the "
        "price moves towards shifts by twice the move. 0: no shift.",
    )
    markout_cost_max: float = Field(
        2,
        ge=0,
        le=2,
        description="Maximum extra distance of a side because its recent fills lost money within "
        "5 s, in half-spreads (no unit). 0: no extra distance.",
    )
    side_cooldown_s: float = Field(
        5,
        ge=0,
        le=60,
        description="Minimum time that a side is not quoted after a burst of fills on it, in "
        "seconds. A burst is at least 4 takers within 1 s, and more than chance explains at the "
        "expected rate of fills. While takers still trade against that side, the time is up to "
        "twice as long. 0: no cooldown.",
    )


class Requoting(BaseModel):
    """How often are orders replaced, and how fresh must the book be?

    Each replacement costs a cancel, a new order and the place in the queue. Higher values of the
    settings `QUOTER_REQUOTE_*` and QUOTER_QUOTE_TTL_S mean fewer messages and older quotes.
    """

    requote_hold_s: float = Field(
        1,
        ge=0,
        le=60,
        description="Minimum age of an order before it may be replaced at a more aggressive price "
        "or with another size, in seconds.",
    )
    requote_tolerance: float = Field(
        0.1,
        ge=0,
        le=1,
        description="An order is replaced once its price differs from the wanted price by this "
        "much, in half-spreads (no unit), but by at least one tick. At a smaller "
        "difference it is replaced only because of its age or size, or if it is closer to the mid "
        "than wanted and at least half of the burst of QUOTER_CREATES_PER_S is left. While few "
        "new orders are left (QUOTER_CREATES_PER_FILL), the difference is up to ten times as "
        "large, also for orders that are closer than wanted.",
    )
    book_stale_s: float = Field(
        3,
        ge=1,
        le=30,
        description="Maximum age of the order book, in seconds; above it quoting pauses (cause "
        "`book_stale`). The age restarts at each accepted update, and whenever best prices "
        "requested from the venue agree with the book. Trades and answered pings do not restart "
        "it.",
    )
    flap_pauses_max: int = Field(
        5,
        ge=1,
        le=1_000,
        description="Number of times that one cause may pause quoting within 10 min; after one "
        "more, quoting stays paused until `quoter resume` (cause `flapping`). Pauses by a slow "
        "machine (`loop_lag`, `clock`, `memory`, `ledger_slow`) are not counted; `price_jump` and "
        "`markout_loss` may pause as often as the usual volatility of the market explains.",
    )
    quote_ttl_s: float = Field(
        30,
        ge=5,
        le=300,
        description="Maximum age of an order, in seconds; an older one is replaced even at an "
        "unchanged price.",
    )


class Process(BaseModel):
    """Where do files, HTTP and logs go?"""

    data_dir: Path = Field(
        Path("data"),
        description="Folder of the ledger, the recordings, the kill latch and the lock. Each "
        "daemon needs a folder of its own, which its sentinel must share.",
    )
    ledger_days: int = Field(
        90,
        ge=0,
        le=3_650,
        description="Age in days above which fills are moved from the ledger to files "
        "`archive-YYYY-MM.sqlite` beside it, one file a month; the newest 1,000 fills stay. "
        "0: no fills are moved.",
    )
    recording_max_mb: int = Field(
        2_000,
        ge=0,
        le=1_048_576,
        description="Maximum size of all recordings in the data folder together, in MiB; beyond it "
        "the oldest files are removed; replays and reports of a run use the files that are left. A "
        "busy market takes about 300 MiB a day. 0: nothing is recorded.",
    )
    host: str = Field(
        "127.0.0.1",
        description="Address that the HTTP server listens on. Use 0.0.0.0 only in a container.",
    )
    port: int = Field(
        9464, ge=0, le=65_535, description="TCP port number of the HTTP server. 0: any free port."
    )
    http_hosts: Annotated[str, BeforeValidator(parse_host_names)] = Field(
        "quoter",
        description="Host names, separated by commas, that requests to the HTTP servers of daemon "
        "and sentinel may have in their Host header, besides IP addresses and localhost; others "
        "are refused.",
    )
    rss_max_mb: int = Field(
        400,
        ge=0,
        le=1_048_576,
        description="Maximum resident memory, in MiB. If it is exceeded for 10 s, the daemon "
        "cancels its orders and ends with exit code 50, to be started again; in the first 10 min "
        "of a run quoting pauses instead (cause `memory`). Keep it below the memory limit of the "
        "container. 0: no limit.",
    )
    log_format: Literal["auto", "json", "pretty"] = Field(
        "auto", description="Log format: json, pretty, or auto (pretty on a terminal, else json)."
    )
    quote_log_interval_s: float = Field(
        30,
        ge=0,
        le=3_600,
        description="Minimum time between two log lines `quote_terms`, in seconds; each holds "
        "every term that the prices of the quote are computed from. 0: no such lines.",
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info",
        description="Lowest level of log lines that are written: debug, info, warning or error. "
        "info: less than 50 MB a day; debug: each change of an order as well.",
    )
    instance: Annotated[str, BeforeValidator(parse_instance)] = Field(
        "0",
        description="1 or 2 characters of 0-9a-z that become part of our order ids; must be "
        "different for each daemon on one account.",
    )


GROUPS: tuple[type[BaseModel], ...] = (
    Venue,
    Paper,
    Limits,
    PreTradeChecks,
    ActivityLimits,
    MarketRegime,
    Pricing,
    Requoting,
    ExternalStops,
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
# Values that are never printed. A secret may have been pasted into a _FILE setting by mistake.
HIDDEN = frozenset(SECRETS) | {f"{name}_file" for name in SECRETS}
