"""Settings: what is accepted, what is refused, and in which words."""

import os
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from quoter.domain.errors import BadSetting
from quoter.settings import (
    Environment,
    Exposure,
    FixedSettings,
    Settings,
    env_example,
    forget_secrets,
    known_names,
    load,
)
from quoter.settings.fields import GROUPS, SECRETS

CANARY = "c4n4ry-S3cret"
LIMITS = {
    "QUOTER_INVENTORY_MAX": "0.05",
    "QUOTER_ORDER_SIZE": "0.005",
    "QUOTER_LOSS_MAX": "100",
    "QUOTER_NOTIONAL_MAX": "1000",
}
UNITS = (
    "base units", "quote currency", "seconds", "second", "bps of price", "no unit", "count",
    "number", "mib",
)  # fmt: skip

type Given = Callable[..., None]


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Remove QUOTER_ names from the environment and change to an empty folder."""
    for name in list(os.environ):
        if name.upper().startswith("QUOTER_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch) -> Given:
    """Return a function that sets the limits and the named settings, without prefix."""

    def put(**values: str) -> None:
        wanted = LIMITS | {f"QUOTER_{name.upper()}": value for name, value in values.items()}
        for name, value in wanted.items():
            monkeypatch.setenv(name, value)

    return put


def complaint(*, dry_run: bool = False) -> str:
    with pytest.raises(BadSetting) as caught:
        load(dry_run=dry_run)
    assert caught.value.__cause__ is None
    return str(caught.value)


def test_only_the_limits_are_required(given: Given) -> None:
    given()
    settings = load()
    assert settings.environment is Environment.SANDBOX
    assert settings.inventory_max == Decimal("0.05")
    assert settings.target == "auto"
    assert settings.api_key is None


def test_the_sentinel_needs_neither_limits_nor_the_key_of_the_daemon(given: Given) -> None:
    """The heartbeat has the limits, and its container may have only its own key."""
    settings = load(for_sentinel=True)
    assert settings.environment is Environment.SANDBOX
    given(
        environment="testnet",
        inventory_max="0.1",
        sentinel_api_key="k",
        sentinel_api_secret="s",  # noqa: S106 - no secret
    )
    assert load(for_sentinel=True).sentinel_api_key is not None
    assert "QUOTER_API_KEY_FILE" in complaint()


def test_the_sentinel_refuses_an_unknown_name(given: Given) -> None:
    given(sentinel_stale="2")
    with pytest.raises(BadSetting, match="QUOTER_SENTINEL_STALE: no such setting"):
        load(for_sentinel=True)


def test_missing_limits_are_all_named_at_once() -> None:
    lines = complaint().splitlines()
    assert [line.split(":")[0] for line in lines] == list(LIMITS)
    assert all("is required" in line for line in lines)


AMOUNTS = [
    name for name, field in Settings.model_fields.items() if "Decimal" in str(field.annotation)
]


@pytest.mark.parametrize("name", AMOUNTS)
@pytest.mark.parametrize("value", ["1e400", "1e16"])
def test_an_amount_above_the_maximum_is_refused(given: Given, name: str, value: str) -> None:
    """Sums of larger amounts would be slow, or infinite as a float."""
    given(**{name: value})
    text = complaint()
    assert text.startswith(f"QUOTER_{name.upper()}: must be ")
    assert "1E+15" in text
    assert text.endswith(f"(got {value})")


def test_an_order_size_below_the_minimum_is_refused(given: Given) -> None:
    given(order_size="1e-400")
    assert complaint().startswith("QUOTER_ORDER_SIZE: must be greater than or equal to 1E-15")


@pytest.mark.parametrize(
    ("name", "value", "line"),
    [
        ("gamma", "-1", "QUOTER_GAMMA: must be greater than 0 (got -1)"),
        ("gamma", "2000", "QUOTER_GAMMA: must be between 0.001 and 1000 (got 2000)"),
        ("sigma", "inf", "QUOTER_SIGMA: must be a finite number (got inf)"),
        ("inventory_max", "nan", "QUOTER_INVENTORY_MAX: must be a finite number (got nan)"),
        ("model", "glft2", "QUOTER_MODEL: must be 'glft', 'glft_exact' or 'as' (got glft2)"),
        ("symbol", "btcusdt", "QUOTER_SYMBOL: must be BASE/QUOTE in capitals, such as BTC/USDT"),
        ("horizon", "-5", "QUOTER_HORIZON: must be auto, session or seconds"),
        ("horizon", "60", "QUOTER_HORIZON: must be auto when QUOTER_MODEL is glft"),
        ("model", "as", "QUOTER_HORIZON: must be session or seconds when QUOTER_MODEL is as"),
        ("alpha_max", "2.5", "QUOTER_ALPHA_MAX: must be less than or equal to 2 (got 2.5)"),
        ("fill_correction", "perhaps", "QUOTER_FILL_CORRECTION: "),
        ("session_s", "60", "QUOTER_SESSION_S: goes with QUOTER_HORIZON=session"),
        ("target", "nan", "QUOTER_TARGET: must be auto or a number of base units, at most"),
        ("order_size", "0.02", "QUOTER_ORDER_SIZE: must be at most a third of"),
        ("regime_equity_drop", "1e6", "QUOTER_REGIME_EQUITY_DROP: must be at most QUOTER_LOSS_MAX"),
        ("regime_reduce", "1.7", "QUOTER_REGIME_REDUCE: must be at least QUOTER_REGIME_WIDE"),
        ("regime", "maybe", "QUOTER_REGIME: must be 'on' or 'off'"),
        ("spread_min_bps", "600", "QUOTER_SPREAD_MIN_BPS: must be less than"),
        ("spread_min_bps", "200", "QUOTER_SPREAD_MIN_BPS: half of it must be less than QUOTER_PRI"),
        (
            "price_collar_bps",
            "4",
            "QUOTER_PRICE_COLLAR_BPS: must be greater than or equal to 5 (got 4)",
        ),
        ("position_notional_max", "999", "QUOTER_POSITION_NOTIONAL_MAX: must be at least"),
        ("instance", "ABC", "QUOTER_INSTANCE: must be 1 or 2 characters of 0-9a-z"),
        ("exchange", "Binance!", "QUOTER_EXCHANGE: must be a ccxt id in lower case"),
        ("http_hosts", "*", "QUOTER_HTTP_HOSTS: must be host names"),
        ("sandbox_url", "api.binance.com", "QUOTER_SANDBOX_URL: must be a URL such as"),
        ("sandbox_url", "https://api.binance.com", "QUOTER_SANDBOX_URL: api.binance.com is a real"),
        ("api_key", "k", "QUOTER_API_KEY: goes with QUOTER_API_SECRET"),
        ("secrets_dir", "/no/such", "QUOTER_SECRETS_DIR: no such folder (got /no/such)"),
        ("dead_man", "soon", "QUOTER_DEAD_MAN: must be auto, off or whole seconds (got soon)"),
        ("dead_man", "1.5", "QUOTER_DEAD_MAN: must be auto, off or whole seconds (got 1.5)"),
        ("sentinel", "on", "QUOTER_SENTINEL: must be 'off', 'auto' or 'required' (got on)"),
        (
            "heartbeat_timeout_s",
            "0.5",
            "QUOTER_HEARTBEAT_TIMEOUT_S: must be greater than or equal to 1",
        ),
        (
            "heartbeat_timeout_s",
            "11",
            "QUOTER_HEARTBEAT_TIMEOUT_S: must be less than or equal to 10",
        ),
        ("sentinel_api_key", "k", "QUOTER_SENTINEL_API_KEY: goes with QUOTER_SENTINEL_API_SECRET"),
        ("gama", "1", "QUOTER_GAMA: no such setting; did you mean QUOTER_GAMMA?"),
        ("xyzzy_plugh", "1", "QUOTER_XYZZY_PLUGH: no such setting; `quoter env-example`"),
    ],
)
def test_a_bad_value_is_refused_in_one_line(given: Given, name: str, value: str, line: str) -> None:
    given(**{name: value})
    text = complaint()
    assert text.startswith(line)
    assert "\n" not in text


def test_a_level_outside_the_price_collar_is_refused(given: Given) -> None:
    given(levels="3", level_step_bps="49")
    assert load().levels == 3
    given(levels="3", level_step_bps="50")
    assert complaint().startswith("QUOTER_LEVEL_STEP_BPS: level 3 is 100 bps away, which QUOTER_PR")


def test_all_mistakes_are_reported_at_once(given: Given) -> None:
    given(gamma="-1", levels="99", gama="1")
    assert len(complaint().splitlines()) == 3


def test_a_name_in_lower_case_is_refused(given: Given, monkeypatch: pytest.MonkeyPatch) -> None:
    given()
    monkeypatch.setenv("quoter_gamma", "2")
    assert "did you mean QUOTER_GAMMA?" in complaint()


def test_an_empty_value_counts_as_absent(given: Given) -> None:
    given(gamma="")
    assert load().gamma == 1
    given(loss_max="")
    assert complaint().startswith("QUOTER_LOSS_MAX: is required")


def test_control_characters_of_a_value_do_not_reach_the_terminal(given: Given) -> None:
    given(gamma="\x1b[2J" + "9" * 500)
    text = complaint()
    assert text.isprintable()
    assert len(text) < 200


class TestEnvFile:
    def test_names_of_other_programs_are_ignored(self) -> None:
        Path(".env").write_text(
            "PUBLISH_PORT=9464\n" + "".join(f"{name}={value}\n" for name, value in LIMITS.items())
        )
        assert load().loss_max == 100

    def test_the_environment_has_precedence_over_the_file(self, given: Given) -> None:
        given(gamma="3")
        Path(".env").write_text("QUOTER_GAMMA=2\nQUOTER_LEVELS=2\n")
        settings = load()
        assert (settings.gamma, settings.levels) == (3, 2)

    def test_an_unknown_quoter_name_is_refused(self, given: Given) -> None:
        given()
        Path(".env").write_text("QUOTER_LEVLS=2\n")
        assert complaint() == "QUOTER_LEVLS: no such setting; did you mean QUOTER_LEVELS?"

    @pytest.mark.parametrize("line", ["QUOTER_GAMMA 5", "QUOTER_GAMMA", "QUOTER_GAMMA='5"])
    def test_an_invalid_line_is_refused(self, given: Given, line: str) -> None:
        """A mistake must not lead to the default value."""
        given()
        Path(".env").write_text(f"# comment\n{line}\n")
        assert complaint().startswith(".env:2: ")

    def test_a_file_that_is_not_text_is_refused(self, given: Given) -> None:
        given()
        Path(".env").write_bytes(b"QUOTER_GAMMA=\xff\xfe\n")
        assert complaint() == ".env: can't be read: byte 13 is not UTF-8 text"


class TestSecrets:
    def test_secrets_are_read_from_files(self, given: Given, tmp_path: Path) -> None:
        (tmp_path / "key").write_text("the-key\n")
        (tmp_path / "secret").write_text(f"{CANARY}\n")
        given(api_key_file=str(tmp_path / "key"), api_secret_file=str(tmp_path / "secret"))
        assert load().secrets() == ("the-key", CANARY)

    def test_secrets_are_read_from_the_secrets_folder(self, given: Given, tmp_path: Path) -> None:
        folder = tmp_path / "secrets"
        folder.mkdir()
        (folder / "quoter_api_key").write_text("the-key\n")
        (folder / "quoter_api_secret").write_text(CANARY)
        (folder / "somebody_elses").write_text("x")
        given(secrets_dir=str(folder))
        assert load().secrets() == ("the-key", CANARY)
        (folder / "quoter_api_secrt").write_text("x")
        assert "did you mean QUOTER_API_SECRET?" in complaint()

    def test_a_secret_file_that_is_not_text_is_refused_with_its_name(
        self, given: Given, tmp_path: Path
    ) -> None:
        folder = tmp_path / "secrets"
        folder.mkdir()
        (folder / "somebody_elses").write_bytes(b"\xff")
        key = folder / "quoter_api_key"
        given(secrets_dir=str(folder))
        key.write_bytes(b"\xff\xfe" + CANARY.encode())
        assert complaint() == f"QUOTER_API_KEY: the file {key} is not text"
        key.unlink()
        key.mkdir()
        assert complaint() == f"QUOTER_API_KEY: the file {key} can't be read: Is a directory"
        key.rmdir()
        key.symlink_to(key)
        assert complaint().startswith(f"QUOTER_API_KEY: the file {key} can't be read: Too many")

    def test_value_and_file_together_are_refused(self, given: Given, tmp_path: Path) -> None:
        (tmp_path / "key").write_text("the-key")
        given(api_key="k", api_key_file=str(tmp_path / "key"))
        assert complaint() == "QUOTER_API_KEY: is also given by QUOTER_API_KEY_FILE: keep one"

    @pytest.mark.parametrize("content", [b"", b"\n", b"\xff\xfe", b"x" * 20_000])
    def test_a_file_without_a_secret_is_refused(
        self, given: Given, tmp_path: Path, content: bytes
    ) -> None:
        (tmp_path / "key").write_bytes(content)
        given(api_key_file=str(tmp_path / "key"))
        assert "QUOTER_API_KEY: the file that QUOTER_API_KEY_FILE names" in complaint()

    @pytest.mark.parametrize("name", [*SECRETS, *(f"{name}_file" for name in SECRETS)])
    def test_no_secret_is_in_an_error(self, given: Given, name: str) -> None:
        """Also with other mistakes, and if a secret was pasted into a _FILE setting."""
        given(**{name: CANARY}, gamma="-1", loss_max="")
        assert CANARY not in complaint()

    def test_no_secret_is_in_repr_or_redacted(self) -> None:
        settings = FixedSettings(
            inventory_max=1,
            order_size="0.1",
            loss_max=1,
            notional_max=1,
            api_key="k",
            api_secret=CANARY,
        )
        assert CANARY not in repr(settings) + str(settings.redacted()) + str(settings.model_dump())
        assert settings.redacted()["api_secret"] == "set"  # noqa: S105 - the word, not a secret
        assert settings.redacted()["api_password"] == "unset"  # noqa: S105 - the same

    @pytest.mark.parametrize("where", ["symbol", "exchange", "gamma", "host", "sandbox_url"])
    def test_a_secret_pasted_into_another_setting_is_redacted(
        self, given: Given, where: str
    ) -> None:
        given(api_key="k", api_secret=CANARY, environment="neither", **{where: f"x {CANARY}"})
        assert CANARY not in complaint()

    def test_no_secret_of_the_env_file_is_in_an_error(self, given: Given) -> None:
        given(symbol=f"x{CANARY}")
        Path(".env").write_text(f"QUOTER_API_SECRET={CANARY}\nQUOTER_API_KEY\n")
        assert CANARY not in complaint()

    def test_secrets_can_be_removed_from_the_environment(self, given: Given) -> None:
        given(api_key="k", api_secret=CANARY)
        load()
        forget_secrets()
        assert CANARY not in os.environ.values()


class TestExposure:
    """Secrets that other users of the machine can read."""

    @staticmethod
    def files(given: Given, folder: Path, mode: int, **more: str) -> None:
        for name in ("key", "secret"):
            path = folder / name
            path.write_text(CANARY)
            path.chmod(mode)
        given(
            api_key_file=str(folder / "key"),
            api_secret_file=str(folder / "secret"),
            i_accept_production="binance",
            **more,
        )

    def test_plain_text_in_the_environment_is_refused_in_production(self, given: Given) -> None:
        given(
            environment="production",
            i_accept_production="binance",
            api_key="the-key",
            api_secret=CANARY,
        )
        lines = complaint().splitlines()
        assert [line.partition(":")[0] for line in lines] == ["QUOTER_API_KEY", "QUOTER_API_SECRET"]
        assert all("production refuses it" in line for line in lines)

    def test_the_env_file_counts_as_the_environment(self, given: Given) -> None:
        given(environment="production", i_accept_production="binance")
        Path(".env").write_text(f"QUOTER_API_KEY=k\nQUOTER_API_SECRET={CANARY}\n")
        assert complaint().count("is in the environment in plain text") == 2
        given(api_key="", api_secret="")  # as compose passes what is not set
        assert complaint().count("is in the environment in plain text") == 2

    def test_plain_text_on_a_testnet_is_a_warning(self, given: Given) -> None:
        given(environment="testnet", api_key="the-key", api_secret=CANARY)
        warnings: list[Exposure] = []
        load(warn=warnings.append)
        assert [one.event for one in warnings] == ["secret_in_environment"] * 2
        assert CANARY not in str(warnings)

    @pytest.mark.parametrize("mode", [0o644, 0o460, 0o444, 0o442, 0o404])
    def test_a_file_that_others_can_read_or_change(
        self, given: Given, tmp_path: Path, mode: int
    ) -> None:
        self.files(given, tmp_path, mode, environment="production")
        assert f"(mode {mode:04o}): chmod 440" in complaint()
        assert str(tmp_path) not in complaint()
        self.files(given, tmp_path, mode, environment="testnet")
        warnings: list[Exposure] = []
        load(warn=warnings.append)
        assert [one.event for one in warnings] == ["secret_file_readable"] * 2

    @pytest.mark.parametrize("mode", [0o400, 0o440, 0o600, 0o640])
    def test_a_file_of_owner_and_group_is_accepted(
        self, given: Given, tmp_path: Path, mode: int
    ) -> None:
        self.files(given, tmp_path, mode, environment="production")
        warnings: list[Exposure] = []
        assert load(warn=warnings.append).secrets() == (CANARY, CANARY)
        assert warnings == []

    def test_a_file_in_the_secrets_folder_is_checked_too(
        self, given: Given, tmp_path: Path
    ) -> None:
        folder = tmp_path / "secrets"
        folder.mkdir()
        for name in ("quoter_api_key", "quoter_api_secret"):
            (folder / name).write_text(CANARY)
            (folder / name).chmod(0o644)
        given(environment="production", i_accept_production="binance", secrets_dir=str(folder))
        assert complaint().count("chmod 440") == 2

    def test_an_empty_file_is_no_token(self, given: Given, tmp_path: Path) -> None:
        """Compose mounts an empty file, which is in git, for each token that is not set."""
        folder = tmp_path / "secrets"
        folder.mkdir()
        for name in ("quoter_read_token", "quoter_operator_token", "quoter_risk_token"):
            (folder / name).touch(mode=0o644)
        self.files(given, tmp_path, 0o400, environment="production", secrets_dir=str(folder))
        assert load().tokens() == {}
        (folder / "quoter_risk_token").write_text("0123456789abcdef" * 3 + "x")
        assert complaint().startswith("QUOTER_RISK_TOKEN: other users may read or change its file")

    def test_keys_of_the_sandbox_are_not_checked(self, given: Given, tmp_path: Path) -> None:
        self.files(given, tmp_path, 0o644)
        warnings: list[Exposure] = []
        load(warn=warnings.append)
        assert warnings == []


class TestProduction:
    def test_both_settings_of_the_opt_in_are_required(self, given: Given, tmp_path: Path) -> None:
        TestExposure.files(given, tmp_path, 0o400, environment="production")
        given(i_accept_production="")
        assert complaint().startswith("QUOTER_I_ACCEPT_PRODUCTION: must be binance")
        given(i_accept_production="yes")
        assert complaint().startswith("QUOTER_I_ACCEPT_PRODUCTION: must be binance")
        given(i_accept_production="binance")
        assert load().environment is Environment.PRODUCTION

    def test_the_confirmation_alone_has_no_effect(self, given: Given) -> None:
        given(i_accept_production="binance")
        assert load().environment is Environment.SANDBOX

    def test_a_dry_run_needs_neither_opt_in_nor_key(self, given: Given) -> None:
        given(environment="production")
        assert load(dry_run=True).api_key is None

    @pytest.mark.parametrize("environment", ["testnet", "production"])
    def test_a_key_is_needed_outside_the_sandbox(self, given: Given, environment: str) -> None:
        given(environment=environment, i_accept_production="binance")
        assert complaint().startswith("QUOTER_API_KEY_FILE, QUOTER_API_SECRET_FILE: are required")


def test_fixed_settings_read_neither_environment_nor_file(given: Given) -> None:
    given(gamma="7")
    Path(".env").write_text("QUOTER_LEVELS=3\n")
    settings = FixedSettings(inventory_max=1, order_size="0.1", loss_max=1, notional_max=1)
    assert (settings.gamma, settings.levels) == (1, 1)


def test_settings_do_not_change(given: Given) -> None:
    given()
    with pytest.raises(ValueError, match="frozen"):
        load().gamma = 5  # type: ignore[misc]


def test_every_setting_has_a_group_and_a_description() -> None:
    named = [name for group in GROUPS for name in group.model_fields]
    assert sorted(named) == sorted(Settings.model_fields)
    assert len(known_names()) == len(named)
    assert all(field.description for field in Settings.model_fields.values())


def test_every_number_names_its_unit() -> None:
    for name, field in Settings.model_fields.items():
        if any(kind in str(field.annotation) for kind in ("float", "int", "Decimal")):
            assert field.description is not None
            assert any(unit in field.description.lower() for unit in UNITS), name


def test_the_example_file_is_up_to_date() -> None:
    committed = Path(__file__).parents[3] / ".env.example"
    assert committed.read_text() == env_example(), "run `make env`"


def test_the_example_file_loads_as_it_stands() -> None:
    Path(".env").write_text(env_example())
    assert load().environment is Environment.SANDBOX


def test_the_example_file_with_all_lines_active_gives_the_defaults(given: Given) -> None:
    given()
    plain = load()
    text = "".join(
        line.replace("#QUOTER_", "QUOTER_", 1) for line in env_example().splitlines(keepends=True)
    )
    Path(".env").write_text(text)
    assert load() == plain
