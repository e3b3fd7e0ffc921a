"""Secrets damaged while copying are refused by name, before anything is sent, and never shown."""

from pathlib import Path

import pytest

from quoter.domain.errors import BadSetting
from quoter.settings import load
from quoter.settings.secret_shape import checked_secret
from tests.unit.settings.cases import CANARY, Given, complaint

BODY = "MC4CAQAwBQYDK2VwBCIEIA2sd9Wl6hTKLZ1AR5rQHJDwB6RUvOH0xzvXbw2mVh6L"


def pem(kind: str, body: str = BODY) -> str:
    return f"-----BEGIN {kind}-----\n{body}\n-----END {kind}-----"


PEM = pem("PRIVATE KEY")
EC_BODY = "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg" + "A" * 32


DAMAGED = [
    pytest.param(f"\ufeff{CANARY}", "byte order mark", id="byte order mark"),
    pytest.param(f'"{CANARY}"', "in quotes", id="quotes"),
    pytest.param(f"'{CANARY}", "in quotes", id="one quote"),
    pytest.param(f"“{CANARY}”", "in quotes", id="typographic quotes"),
    pytest.param(f"QUOTER_API_SECRET={CANARY}", "NAME=value", id="assignment"),
    pytest.param(f"export API_SECRET={CANARY}", "NAME=value", id="export"),
    pytest.param(f"api_secret={CANARY}", "NAME=value", id="assignment in lower case"),
    pytest.param(f"secret:{CANARY}", "NAME=value", id="name and colon"),
    pytest.param(f'{{"secret":"{CANARY}"}}', "JSON", id="JSON"),
    pytest.param(f'["{CANARY}"]', "JSON", id="JSON list"),
    pytest.param(f"{CANARY}\n{CANARY}", "more than one line", id="two lines"),
    pytest.param(f"{CANARY}\u200b", "invisible", id="zero width"),
    pytest.param(f"{CANARY}\u00a0x", "invisible", id="non-breaking space"),
    pytest.param(f"{CANARY} {CANARY}", "blank", id="blank inside"),
    pytest.param(f"{CANARY}é", "no key contains", id="not ASCII"),
    pytest.param(pem("PUBLIC KEY"), "public key", id="public key"),
    pytest.param(pem("CERTIFICATE"), "certificate", id="certificate"),
    pytest.param(pem("ENCRYPTED PRIVATE KEY"), "encrypted", id="encrypted"),
    pytest.param(pem("OPENSSH PRIVATE KEY"), "OpenSSH", id="OpenSSH"),
    pytest.param(pem("EC PRIVATE KEY"), "Ed25519 or RSA", id="EC in its own form"),
    pytest.param(pem("PRIVATE KEY", EC_BODY), "Ed25519 or RSA", id="EC"),
    pytest.param(pem("PRIVATE KEY", "%%%"), "not base64", id="damaged"),
    pytest.param(PEM[:-9], "is incomplete", id="cut"),
]


@pytest.mark.parametrize(("value", "why"), DAMAGED)
def test_damaged_secret_file_is_refused_by_name(
    given: Given, tmp_path: Path, value: str, why: str
) -> None:
    path = tmp_path / "secret"
    path.write_text(value, encoding="utf-8")
    path.chmod(0o600)
    given(api_key=CANARY[::-1], api_secret_file=str(path))
    text = complaint()
    (line,) = text.splitlines()
    assert line.startswith("QUOTER_API_SECRET: the file that QUOTER_API_SECRET_FILE names ")
    assert why in line
    assert not any(part in text for part in (CANARY, BODY, str(path)))


@pytest.mark.parametrize(("value", "why"), DAMAGED)
def test_damaged_secret_in_the_environment_is_refused_too(
    given: Given, value: str, why: str
) -> None:
    given(api_key=CANARY[::-1], api_secret=value)
    text = complaint()
    assert text.startswith("QUOTER_API_SECRET: ")
    assert why in text
    assert CANARY not in text


@pytest.mark.parametrize(
    "value",
    [
        PEM,
        PEM.replace("\n", "\\n"),
        PEM.replace("\n", "\r\n") + "\r\n",
        "\n  " + PEM.replace("\n", "\n  ") + "\n\n",
    ],
    ids=["PEM", "line ends as backslash n", "CRLF", "indented"],
)
def test_private_key_gets_real_line_ends(given: Given, value: str) -> None:
    given(api_key="key", api_secret=value)
    assert load().secrets() == ("key", PEM)


def test_private_key_in_place_of_the_key_is_refused(given: Given) -> None:
    given(api_key=PEM, api_secret=CANARY)
    assert "QUOTER_API_KEY: is a private key" in complaint()


@pytest.mark.parametrize("value", ["abcd\n", " abcd\r\n", "abcd"])
def test_blanks_around_a_secret_are_removed(given: Given, value: str) -> None:
    given(api_key=value, api_secret=value)
    assert load().secrets() == ("abcd", "abcd")


def test_passphrase_may_have_blanks_and_letters_of_any_script() -> None:
    assert checked_secret("api_password", " grüße an alle \n") == "grüße an alle"


@pytest.mark.parametrize("value", ["YWJj+/ZGVm==", "a$HOME#b'c", "0x12=ab"])
def test_unusual_secret_is_unchanged(given: Given, value: str) -> None:
    given(api_key=value, api_secret=value)
    assert load().secrets() == (value, value)


def refused(text: str) -> str:
    Path(".env").write_text(text, encoding="utf-8")
    with pytest.raises(BadSetting) as caught:
        load(dry_run=True)
    return str(caught.value)


def test_setting_that_is_given_twice_in_the_file_is_refused_with_both_lines(given: Given) -> None:
    given()
    text = refused("QUOTER_LOSS_MAX=5\n# a comment\nquoter_loss_max=99\n")
    assert ".env:3: quoter_loss_max is given twice, first in line 1: keep one" in text


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("QUOTER_INSTANCE=$HOME", "a dollar sign"),
        ('QUOTER_INSTANCE="a$HOME"', "a dollar sign"),
        ("QUOTER_INSTANCE=${HOME}", "has ${"),
        ("QUOTER_INSTANCE='${HOME}'", "has ${"),
        ("QUOTER_INSTANCE=a$$b", "a dollar sign"),
        ("export QUOTER_INSTANCE=${HOME:-a}", "has ${"),
    ],
)
def test_value_that_two_readers_would_take_differently_is_refused(
    given: Given, line: str, why: str
) -> None:
    given()
    assert why in refused(f"{line}\n")


def test_refusal_does_not_show_what_a_variable_stands_for(
    given: Given, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The value would be refused too, with its text: BTC/ and the other variable's value."""
    given()
    monkeypatch.delenv("QUOTER_SYMBOL", raising=False)
    monkeypatch.setenv("ANOTHER", CANARY)
    text = refused("QUOTER_SYMBOL=BTC/${ANOTHER}\n")
    assert "QUOTER_SYMBOL has ${" in text
    assert CANARY not in text


def test_variable_that_was_not_expanded_is_refused(given: Given) -> None:
    given(api_key="${API_KEY}", api_secret=CANARY)
    text = complaint()
    assert "QUOTER_API_KEY: has ${, which was not replaced" in text
    assert CANARY not in text


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("QUOTER_API_PASSWORD=ab#cd", "ab#cd"),
        ("QUOTER_API_PASSWORD=abcd #comment", "abcd"),
        ("QUOTER_API_PASSWORD='ab$HOME #cd'", "ab$HOME #cd"),
        ('QUOTER_API_PASSWORD="ab #cd"', "ab #cd"),
        ("export QUOTER_API_PASSWORD=abcd", "abcd"),
        ("QUOTER_API_PASSWORD=abcd\r", "abcd"),
    ],
)
def test_value_in_the_file_is_read_as_docker_compose_reads_it(
    given: Given, line: str, value: str
) -> None:
    given()
    Path(".env").write_text(f"{line}\n", encoding="utf-8", newline="")
    read = load(dry_run=True).api_password
    assert read is not None
    assert read.get_secret_value() == value
