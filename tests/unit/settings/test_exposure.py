"""Secrets that other users of the machine can read are reported or refused."""

from pathlib import Path

import pytest

from quoter.settings import (
    Exposure,
    load,
)
from tests.unit.settings.cases import CANARY, Given, complaint, secret_files


class TestExposure:
    """Secrets that other users of the machine can read."""

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

    def test_key_that_a_paper_run_does_not_use_is_no_warning(self, given: Given) -> None:
        given(environment="paper", api_key="the-key", api_secret=CANARY)
        warnings: list[Exposure] = []
        load(warn=warnings.append)
        assert warnings == []

    @pytest.mark.parametrize("mode", [0o644, 0o460, 0o444, 0o442, 0o404])
    def test_a_file_that_others_can_read_or_change(
        self, given: Given, tmp_path: Path, mode: int
    ) -> None:
        secret_files(given, tmp_path, mode, environment="production")
        assert f"(mode {mode:04o}): chmod 440" in complaint()
        assert str(tmp_path) not in complaint()
        secret_files(given, tmp_path, mode, environment="testnet")
        warnings: list[Exposure] = []
        load(warn=warnings.append)
        assert [one.event for one in warnings] == ["secret_file_readable"] * 2

    @pytest.mark.parametrize("mode", [0o400, 0o440, 0o600, 0o640])
    def test_a_file_of_owner_and_group_is_accepted(
        self, given: Given, tmp_path: Path, mode: int
    ) -> None:
        secret_files(given, tmp_path, mode, environment="production")
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
        secret_files(given, tmp_path, 0o400, environment="production", secrets_dir=str(folder))
        assert load().tokens() == {}
        (folder / "quoter_risk_token").write_text("0123456789abcdef" * 3 + "x")
        assert complaint().startswith("QUOTER_RISK_TOKEN: other users may read or change its file")

    def test_keys_of_the_sandbox_are_not_checked(self, given: Given, tmp_path: Path) -> None:
        secret_files(given, tmp_path, 0o644)
        warnings: list[Exposure] = []
        load(warn=warnings.append)
        assert warnings == []
