"""Loading of the settings from environment, `.env` and secret files."""

import os
from decimal import Decimal
from pathlib import Path

import pytest

from quoter.domain.errors import BadSetting
from quoter.settings import (
    Environment,
    FixedSettings,
    forget_secrets,
    load,
)
from quoter.settings.fields import SECRETS
from quoter.sim.fill_models import FillModel
from tests.unit.settings.cases import CANARY, LIMITS, Given, complaint, secret_files


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


def test_all_mistakes_are_reported_at_once(given: Given) -> None:
    given(gamma="-1", levels="99", gama="1")
    assert len(complaint().splitlines()) == 3


def test_a_name_in_lower_case_is_refused(given: Given, monkeypatch: pytest.MonkeyPatch) -> None:
    given()
    monkeypatch.setenv("quoter_gamma", "2")
    assert "did you mean QUOTER_GAMMA?" in complaint()


def test_defaults_replace_what_is_absent_or_empty(given: Given) -> None:
    given(loss_max="", notional_max="7")
    settings = load(defaults={"QUOTER_LOSS_MAX": "5", "QUOTER_NOTIONAL_MAX": "5"})
    assert (settings.loss_max, settings.notional_max) == (Decimal(5), Decimal(7))


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


class TestProduction:
    def test_both_settings_of_the_opt_in_are_required(self, given: Given, tmp_path: Path) -> None:
        secret_files(given, tmp_path, 0o400, environment="production")
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
        assert load(dry_run=True, reads_key=True).api_key is None

    def test_production_refuses_an_exposed_key_that_a_dry_run_would_use(self, given: Given) -> None:
        keys = {"api_key": "abcd", "api_secret": "efgh"}
        given(environment="production", **keys)
        assert load(dry_run=True).api_key is not None
        with pytest.raises(BadSetting, match="production refuses it"):
            load(dry_run=True, reads_key=True)

    def test_a_paper_run_needs_no_key(self, given: Given) -> None:
        given(environment="paper", paper_fill_model="certain")
        settings = load()
        assert settings.system == "production"
        assert settings.paper_fill_model is FillModel.CERTAIN

    @pytest.mark.parametrize("environment", ["testnet", "production"])
    def test_a_key_is_needed_outside_the_sandbox(self, given: Given, environment: str) -> None:
        given(environment=environment, i_accept_production="binance")
        assert complaint().startswith("QUOTER_API_KEY_FILE, QUOTER_API_SECRET_FILE: are required")
