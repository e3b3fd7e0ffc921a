"""Settings read while we run, when secrets have left the environment long ago."""

import os
from pathlib import Path

import pytest

from quoter.domain.errors import BadSetting
from quoter.settings import forget_secrets, reader

LIMITS = {
    "QUOTER_INVENTORY_MAX": "3",
    "QUOTER_ORDER_SIZE": "1",
    "QUOTER_LOSS_MAX": "1",
    "QUOTER_NOTIONAL_MAX": "1000000",
}


@pytest.fixture(autouse=True)
def _environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("QUOTER_")]:
        monkeypatch.delenv(name)
    for name, value in LIMITS.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("QUOTER_SECRETS_DIR", str(tmp_path))
    monkeypatch.chdir(tmp_path)


def test_a_key_of_the_environment_and_a_secret_in_a_file_still_go_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "secret").write_text("hush")
    monkeypatch.setenv("QUOTER_API_KEY", "who")
    monkeypatch.setenv("QUOTER_API_SECRET_FILE", str(tmp_path / "secret"))
    read = reader()
    forget_secrets()
    assert "QUOTER_API_KEY" not in os.environ
    assert read().secrets() == ("who", "hush")
    (tmp_path / "secret").write_text("hush now")
    assert read().secrets() == ("who", "hush now")
    assert "QUOTER_API_KEY" not in os.environ


def test_nobody_else_reads_what_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """A reader of its own, made when there was nothing to keep, finds nothing."""
    monkeypatch.setenv("QUOTER_API_KEY", "who")
    monkeypatch.setenv("QUOTER_API_SECRET", "hush")
    read = reader()
    forget_secrets()
    other = reader()
    assert read().secrets() == ("who", "hush")
    assert other().secrets() == ()


def test_a_secret_that_is_no_text_is_a_mistake_by_its_name(tmp_path: Path) -> None:
    (tmp_path / "quoter_api_password").write_bytes(b"\xff\xfe")
    with pytest.raises(BadSetting, match="api_password"):
        reader()()
