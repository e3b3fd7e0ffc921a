"""Settings are read again after the secrets were removed from the environment."""

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


def test_a_key_from_the_environment_still_matches_its_secret_in_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "secret").write_text("topsecret")
    monkeypatch.setenv("QUOTER_API_KEY", "who")
    monkeypatch.setenv("QUOTER_API_SECRET_FILE", str(tmp_path / "secret"))
    read = reader()
    forget_secrets()
    assert "QUOTER_API_KEY" not in os.environ
    assert read().secrets() == ("who", "topsecret")
    (tmp_path / "secret").write_text("topsecret-now")
    assert read().secrets() == ("who", "topsecret-now")
    assert "QUOTER_API_KEY" not in os.environ


def test_the_remembered_secrets_belong_to_one_reader(monkeypatch: pytest.MonkeyPatch) -> None:
    """A second reader, created after the secrets were removed, finds none."""
    monkeypatch.setenv("QUOTER_API_KEY", "who")
    monkeypatch.setenv("QUOTER_API_SECRET", "topsecret")
    read = reader()
    forget_secrets()
    other = reader()
    assert read().secrets() == ("who", "topsecret")
    assert other().secrets() == ()


def test_a_secret_file_that_is_not_text_is_refused_with_its_name(tmp_path: Path) -> None:
    (tmp_path / "quoter_api_password").write_bytes(b"\xff\xfe")
    with pytest.raises(BadSetting, match="api_password"):
        reader()()
