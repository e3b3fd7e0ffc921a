"""The settings class: fields, sources, and rules that concern several settings."""

from decimal import Decimal
from ipaddress import ip_address
from typing import Self, cast, get_args
from urllib.parse import urlsplit

from pydantic import SecretStr, ValidationInfo, field_validator, model_validator
from pydantic_settings import (
    BaseSettings,
    InitSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from quoter.domain.number_text import plain
from quoter.settings.fields import (
    HIDDEN,
    SECRETS,
    TOKENS,
    ActivityLimits,
    Control,
    Environment,
    ExternalStops,
    Limits,
    MarketRegime,
    Paper,
    PreTradeChecks,
    Pricing,
    Process,
    Requoting,
    System,
    Venue,
)
from quoter.settings.parse import parse_digits, secret_from_file
from quoter.settings.remembered_secrets import RememberingSettings
from quoter.settings.secret_shape import checked_secret
from quoter.settings.token_strength import token_conflicts

PREFIX = "QUOTER_"
LOTS_MIN = 3  # fewest order sizes in the inventory limit; below it the skew can't control inventory
LOTS_MAX_EXACT = 500  # beyond it the exact model equals glft, and its table would be large
SENTINEL_LIMITS = {
    "inventory_max": Decimal(3),
    "order_size": Decimal(1),
    "loss_max": Decimal(1),
    "notional_max": Decimal(1),
}
NUMBERS = (int, float, Decimal)  # types of the settings whose values are numbers
GAMMA_NORM_MIN, GAMMA_NORM_MAX = 1e-3, 1e3


class Settings(
    Control,
    Process,
    ExternalStops,
    Requoting,
    Pricing,
    MarketRegime,
    ActivityLimits,
    PreTradeChecks,
    Limits,
    Paper,
    Venue,
    RememberingSettings,
):
    """All settings. Create it with `quoter.settings.load`, which also refuses unknown names."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_ignore_empty=True,
        extra="ignore",  # .env is shared with compose; `load` checks our own names
        frozen=True,
        hide_input_in_errors=True,
        allow_inf_nan=False,
        str_strip_whitespace=True,
        protected_namespaces=(),
    )

    @field_validator("*", mode="before")
    @classmethod
    def _digits(cls, value: object, info: ValidationInfo) -> object:
        annotation = cls.model_fields[info.field_name or ""].annotation
        kinds = {annotation, *get_args(annotation)}
        return value if kinds.isdisjoint(NUMBERS) else parse_digits(value)

    @field_validator(*SECRETS)
    @classmethod
    def _secret(cls, value: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        name = info.field_name or ""
        path = info.data.get(f"{name}_file")
        if path is None:
            is_off = name in TOKENS and value is not None and not len(value)
            return None if is_off or value is None else _checked(name, value.get_secret_value())
        source = env_name(f"{name}_file")
        if value is not None:
            raise ValueError(f"is also given by {source}: keep one")
        try:
            return _checked(name, secret_from_file(path))
        except ValueError as error:
            raise ValueError(f"the file that {source} names {error}") from None

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if lines := conflicts(self):
            raise ValueError("\n".join(lines))
        return self

    @property
    def system(self) -> System:
        """The system whose market data is used.

        On paper it is QUOTER_PAPER_MARKET, else the environment.
        """
        if self.environment is Environment.PAPER:
            return self.paper_market
        return cast("System", self.environment.value)  # the other members have the same names

    @property
    def base(self) -> str:
        """The base coin of the market."""
        return self.symbol.split("/")[0]

    def secrets(self) -> tuple[str, ...]:
        """Return every secret in plain text, for redaction only (logs, recordings, the ledger)."""
        values = (getattr(self, name) for name in SECRETS)
        return tuple(value.get_secret_value() for value in values if value is not None)

    def tokens(self) -> dict[str, str]:
        """Return the tokens in plain text, by field, for the control API only."""
        values = {name: getattr(self, name) for name in TOKENS}
        return {name: token.get_secret_value() for name, token in values.items() if token}

    def redacted(self) -> dict[str, str]:
        """Return all values as text for a log line; secrets are shown as `set` or `unset`."""
        shown: dict[str, str] = {}
        for name in type(self).model_fields:
            value = getattr(self, name)
            hidden = "unset" if value is None else "set"
            shown[name] = hidden if name in HIDDEN else _text(value)
        return shown


class FixedSettings(Settings):
    """Settings from arguments only, without environment and files.

    They are used for the demo, for the settings of a recording, and in tests.
    """

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        del settings_cls, env_settings, dotenv_settings, file_secret_settings
        return (init_settings,)


class SentinelSettings(Settings):
    """Settings of the sentinel.

    The required limits are not read, because the heartbeat has them.
    """

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        defaults = InitSettingsSource(settings_cls, init_kwargs=SENTINEL_LIMITS)
        return defaults, init_settings, env_settings, dotenv_settings, file_secret_settings


def _checked(field: str, secret: str) -> SecretStr:
    return SecretStr(checked_secret(field, secret))


def env_name(field: str) -> str:
    """Return the name of a field in the environment."""
    return PREFIX + field.upper()


def conflicts(settings: Settings) -> list[str]:
    """Return one line for each violated rule between several settings."""
    return [
        *_limit_conflicts(settings),
        *_collar_conflicts(settings),
        *_model_conflicts(settings),
        *_venue_conflicts(settings),
        *_control_conflicts(settings),
    ]


def _text(value: object) -> str:
    return plain(value) if isinstance(value, Decimal) else str(value)


def production_refusal(settings: Settings) -> str | None:
    """Return why orders may not be sent to a production venue; None if they may."""
    if settings.environment is not Environment.PRODUCTION:
        return None
    if settings.i_accept_production == settings.exchange:
        return None
    return (
        f"QUOTER_I_ACCEPT_PRODUCTION: must be {settings.exchange} (the value of QUOTER_EXCHANGE) "
        "when QUOTER_ENVIRONMENT is production: real money is at stake"
    )


def _limit_conflicts(settings: Settings) -> list[str]:
    lines = []
    if not settings.inventory_max >= LOTS_MIN * settings.order_size:
        lines.append(
            f"QUOTER_ORDER_SIZE: must be at most a third of QUOTER_INVENTORY_MAX "
            f"({plain(settings.inventory_max)}) (got {plain(settings.order_size)})"
        )
    if (
        settings.regime_equity_drop is not None
        and not settings.regime_equity_drop <= settings.loss_max
    ):
        lines.append(
            f"QUOTER_REGIME_EQUITY_DROP: must be at most QUOTER_LOSS_MAX "
            f"({plain(settings.loss_max)}) (got {plain(settings.regime_equity_drop)})"
        )
    if not settings.regime_reduce >= settings.regime_wide:
        lines.append(
            f"QUOTER_REGIME_REDUCE: must be at least QUOTER_REGIME_WIDE "
            f"({settings.regime_wide:g}) (got {settings.regime_reduce:g})"
        )
    worth = settings.position_notional_max
    if worth is not None and not worth >= settings.notional_max:
        lines.append(
            f"QUOTER_POSITION_NOTIONAL_MAX: must be at least QUOTER_NOTIONAL_MAX "
            f"({plain(settings.notional_max)}) (got {plain(worth)})"
        )
    return lines


def _collar_conflicts(settings: Settings) -> list[str]:
    """Return a line for each setting whose quotes the price collar would always deny."""
    collar, lines = settings.price_collar_bps, []
    half_min, half_max = settings.spread_min_bps / 2, settings.spread_max_bps / 2
    if collar <= half_min < half_max:
        lines.append(
            f"QUOTER_SPREAD_MIN_BPS: half of it must be less than QUOTER_PRICE_COLLAR_BPS "
            f"({collar:g}) (got {settings.spread_min_bps:g})"
        )
    outermost = half_min + (settings.levels - 1) * settings.level_step_bps
    if settings.levels > 1 and not outermost < collar:
        lines.append(
            f"QUOTER_LEVEL_STEP_BPS: level {settings.levels} is {outermost:g} bps away, "
            f"which QUOTER_PRICE_COLLAR_BPS ({collar:g}) denies (got {settings.level_step_bps:g})"
        )
    return lines


def _model_conflicts(settings: Settings) -> list[str]:
    lines = []
    if settings.gamma_unit == "norm" and not GAMMA_NORM_MIN <= settings.gamma <= GAMMA_NORM_MAX:
        lines.append(f"QUOTER_GAMMA: must be between 0.001 and 1000 (got {settings.gamma:g})")
    if settings.model == "as" and settings.horizon == "auto":
        lines.append("QUOTER_HORIZON: must be session or seconds when QUOTER_MODEL is as")
    if settings.model != "as" and settings.horizon != "auto":
        lines.append(
            f"QUOTER_HORIZON: must be auto when QUOTER_MODEL is {settings.model} "
            f"(got {settings.horizon})"
        )
    if settings.model == "glft_exact" and not (
        settings.inventory_max <= LOTS_MAX_EXACT * settings.order_size
    ):
        lines.append(
            f"QUOTER_MODEL: glft_exact allows an inventory limit of at most {LOTS_MAX_EXACT} order "
            "sizes: use glft, which gives the same prices there (got glft_exact)"
        )
    if (settings.horizon == "session") != (settings.session_s is not None):
        lines.append("QUOTER_SESSION_S: goes with QUOTER_HORIZON=session: set both or neither")
    if settings.spread_min_bps >= settings.spread_max_bps:
        lines.append(
            f"QUOTER_SPREAD_MIN_BPS: must be less than QUOTER_SPREAD_MAX_BPS "
            f"({settings.spread_max_bps:g}) (got {settings.spread_min_bps:g})"
        )
    return lines


def _venue_conflicts(settings: Settings) -> list[str]:
    lines = []
    if (settings.api_key is None) != (settings.api_secret is None):
        lines.append("QUOTER_API_KEY: goes with QUOTER_API_SECRET: set both or neither")
    if (settings.sentinel_api_key is None) != (settings.sentinel_api_secret is None):
        lines.append(
            "QUOTER_SENTINEL_API_KEY: goes with QUOTER_SENTINEL_API_SECRET: set both or neither"
        )
    try:
        url = urlsplit(settings.sandbox_url)
        fits = url.scheme in {"http", "https"} and bool(url.hostname) and url.port != 0
        fits = fits and not (url.username or url.password or url.query or url.fragment)
    except ValueError:
        return [*lines, "QUOTER_SANDBOX_URL: must be a URL such as http://127.0.0.1:8765"]
    if not fits:
        lines.append("QUOTER_SANDBOX_URL: must be a URL such as http://127.0.0.1:8765")
    elif _is_real_venue(url.hostname or "", settings.exchange):
        lines.append(
            f"QUOTER_SANDBOX_URL: {url.hostname} is a real exchange; "
            "use QUOTER_ENVIRONMENT to reach it"
        )
    return lines


def _control_conflicts(settings: Settings) -> list[str]:
    tokens = {env_name(f"{role}_file"): token for role, token in settings.tokens().items()}
    lines = token_conflicts(tokens)
    if tokens and not (settings.control_non_loopback or _is_loopback(settings.host)):
        lines.append(
            f"QUOTER_HOST: must be a loopback address while tokens are configured (got "
            f"{settings.host}), or QUOTER_CONTROL_NON_LOOPBACK=true"
        )
    return lines


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _is_real_venue(host: str, exchange: str) -> bool:
    """Whether the sandbox URL names a real venue; never for a host name without a dot."""
    try:
        ip_address(host)
    except ValueError:
        labels = host.lower().rstrip(".").split(".")
        return len(labels) > 1 and any(
            label.startswith(("binance", exchange)) for label in labels[:-1]
        )
    return False
