"""Weak tokens are refused at the start, with the name of the setting."""

import os
import secrets
from decimal import Decimal
from pathlib import Path

import pytest

from quoter.domain.errors import BadSetting
from quoter.settings import FixedSettings, load
from quoter.settings.token_strength import CHARS_MAX, CHARS_MIN, token_conflicts, weak

LIMITS = {
    "INVENTORY_MAX": "0.05",
    "ORDER_SIZE": "0.005",
    "LOSS_MAX": "100",
    "NOTIONAL_MAX": "1000",
}
GOOD = "4f1d0c2b9e8a7f6e5d4c3b2a19080706"


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in list(os.environ):
        if name.upper().startswith("QUOTER_"):
            monkeypatch.delenv(name)
    for name, value in LIMITS.items():
        monkeypatch.setenv(f"QUOTER_{name}", value)
    monkeypatch.chdir(tmp_path)


def token(folder: Path, text: str, name: str = "token") -> str:
    (folder / name).write_text(text)
    return str(folder / name)


@pytest.mark.parametrize("make", [secrets.token_hex, secrets.token_urlsafe])
def test_random_tokens_are_accepted(make: object) -> None:
    assert callable(make)
    assert [weak(make(32)) for _ in range(200)] == [""] * 200


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("x", "1 characters, at least 32"),
        (GOOD[:-1], "31 characters"),
        ("x" * 64, "fewer than 8 different"),
        ("01234567" * 8, "repeats itself"),
        (GOOD * 2, "repeats itself"),
        (GOOD + " x", "may only have"),
        (GOOD + "\n" + GOOD[::-1], "may only have"),
        (GOOD + "ß", "may only have"),
        (GOOD * 9, "more than 256"),
        ("password" * 4, "fewer than 8 different"),
    ],
)
def test_a_weak_token_is_refused_with_the_reason(text: str, fault: str) -> None:
    assert fault in weak(text)
    assert len(text) < CHARS_MIN or weak(text)


def test_the_message_has_the_setting_and_never_the_token() -> None:
    (line,) = token_conflicts({"QUOTER_RISK_TOKEN_FILE": GOOD[:20]})
    assert line.startswith("QUOTER_RISK_TOKEN_FILE: ")
    assert GOOD[:20] not in line


def test_one_token_for_two_roles_is_refused() -> None:
    lines = token_conflicts({"A": GOOD, "B": GOOD[::-1], "C": GOOD})
    assert lines == ["C: holds the same token as A: each role needs its own"]


def test_a_weak_token_in_a_file_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("QUOTER_OPERATOR_TOKEN_FILE", token(tmp_path, "a" * CHARS_MAX))
    with pytest.raises(BadSetting) as caught:
        load()
    assert str(caught.value).startswith("QUOTER_OPERATOR_TOKEN_FILE: the token has fewer than 8")
    assert "aaa" not in str(caught.value)


def test_an_empty_or_missing_token_file_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for path in (token(tmp_path, " \n"), str(tmp_path / "nowhere")):
        monkeypatch.setenv("QUOTER_RISK_TOKEN_FILE", path)
        with pytest.raises(BadSetting, match="the file that QUOTER_RISK_TOKEN_FILE names"):
            load()


@pytest.mark.parametrize("source", ["environment", ".env"])
def test_a_token_in_a_variable_is_refused(monkeypatch: pytest.MonkeyPatch, source: str) -> None:
    if source == "environment":
        monkeypatch.setenv("QUOTER_RISK_TOKEN", GOOD)
    else:
        Path(".env").write_text(f"QUOTER_RISK_TOKEN={GOOD}\n")
    with pytest.raises(BadSetting) as caught:
        load()
    expected = (
        "QUOTER_RISK_TOKEN: must not be set here: put it into a file and set QUOTER_RISK_TOKEN_FILE"
    )
    assert str(caught.value) == expected


def test_tokens_are_read_from_the_secrets_folder_and_an_empty_file_is_no_token(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("QUOTER_SECRETS_DIR", str(tmp_path))
    token(tmp_path, GOOD + "\n", "quoter_operator_token")
    token(tmp_path, "\n", "quoter_risk_token")
    token(tmp_path, "", "quoter_read_token")
    settings = load()
    assert settings.tokens() == {"operator_token": GOOD}
    assert GOOD in settings.secrets()
    assert GOOD not in repr(settings) + str(settings.redacted())


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.1.2.3", "quoter"])  # noqa: S104 - refused
def test_tokens_on_another_address_need_explicit_permission(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, host: str
) -> None:
    monkeypatch.setenv("QUOTER_HOST", host)
    load()
    monkeypatch.setenv("QUOTER_OPERATOR_TOKEN_FILE", token(tmp_path, GOOD))
    with pytest.raises(BadSetting, match="QUOTER_HOST: must be a loopback address while tokens"):
        load()
    monkeypatch.setenv("QUOTER_CONTROL_NON_LOOPBACK", "true")
    assert load().host == host


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "::1", "localhost"])
def test_tokens_on_loopback_need_no_permission(host: str) -> None:
    settings = FixedSettings(
        inventory_max=Decimal(1),
        order_size=Decimal("0.1"),
        loss_max=Decimal(1),
        notional_max=Decimal(1_000),
        host=host,
        risk_token=GOOD,
    )
    assert settings.tokens() == {"risk_token": GOOD}
