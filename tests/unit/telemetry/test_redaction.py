"""Secrets are redacted, and text from a venue is cleaned."""

import base64
import json
from collections.abc import Callable
from urllib.parse import quote

import pytest

from quoter.telemetry.redaction import REDACTED, TEXT_CHARS_MAX, Redactor, clean, clean_trace

CANARY = 'c4n4ry/"S3cret"+\\x'
REDACTOR = Redactor([CANARY])


@pytest.mark.parametrize(
    "text",
    [
        *(CANARY, f"a{CANARY}b", json.dumps(CANARY), repr(CANARY)),
        *(quote(CANARY, safe=""), "c4n4ry%2f%22S3cret%22%2b%5cx"),
    ],
)
def test_a_known_secret_is_redacted_in_every_spelling(text: str) -> None:
    shown = REDACTOR.text(text)
    assert REDACTED in shown
    assert "S3cret" not in shown


@pytest.mark.parametrize(
    "text",
    [
        "GET https://x/api/v3/order?symbol=A&timestamp=1&signature=hunter2hunter2",
        "{'X-MBX-APIKEY': 'hunter2hunter2', 'Accept': '*/*'}",
        '{"apiKey": "hunter2hunter2"}',
        '{\\"apiKey\\": \\"hunter2hunter2\\"}',
        "apiSecret=hunter2hunter2",
        "Authorization: Bearer hunter2hunter2",
        "OK-ACCESS-SIGN: hunter2hunter2",
        "KC-API-PASSPHRASE: hunter2hunter2",
        "listenKey=hunter2hunter2",
        "password: hunter2hunter2",
        "token = hunter2hunter2",
    ],
)
def test_a_value_after_the_name_of_a_secret_is_redacted(text: str) -> None:
    assert "hunter2" not in Redactor().text(text)


@pytest.mark.parametrize(
    "text", ["symbol=BTCUSDT&timestamp=1", "signed: nothing", "the key to success", "design: x"]
)
def test_other_text_is_not_changed(text: str) -> None:
    assert REDACTOR.text(text) == text


@pytest.mark.parametrize("encode", [base64.b64encode, base64.urlsafe_b64encode])
def test_a_known_secret_is_redacted_in_base64(encode: Callable[[bytes], bytes]) -> None:
    coded = encode(CANARY.encode()).decode()
    assert coded.rstrip("=") not in REDACTOR.text(f"header {coded} end")


@pytest.mark.parametrize("at", [TEXT_CHARS_MAX - 3, TEXT_CHARS_MAX - len(CANARY) + 1])
def test_cutting_a_text_never_leaves_half_a_secret(at: int) -> None:
    shown = REDACTOR.value("reason", "x" * at + CANARY)
    assert CANARY[:3] not in str(shown)


def test_containers_are_redacted_recursively() -> None:
    value = {"headers": {"X-MBX-APIKEY": "abc"}, "urls": [f"https://x/{CANARY}"], "n": 1}
    shown = str(REDACTOR.value("request", value))
    assert "abc" not in shown
    assert "S3cret" not in shown
    assert "'n': 1" in shown


def test_a_container_that_contains_itself_is_cut_off() -> None:
    loop: dict[str, object] = {}
    loop["loop"] = loop
    assert "..." in str(REDACTOR.value("loop", loop))


def test_the_text_of_an_object_is_redacted() -> None:
    class Leaky:
        def __str__(self) -> str:
            return f"Leaky({CANARY})"

    assert "S3cret" not in str(REDACTOR.value("it", Leaky()))


def test_an_empty_or_tiny_secret_does_not_redact_everything() -> None:
    assert Redactor(["", "a"]).text("banana") == "banana"


def test_control_characters_are_replaced_and_the_length_is_limited() -> None:
    assert clean("\x1b[31mred\u202e\n") == "?[31mred??"
    assert len(clean("x" * 10_000)) <= TEXT_CHARS_MAX + 3


def test_a_traceback_keeps_its_lines() -> None:
    assert clean_trace("one\n  two\x1b") == "one\n  two?"


def test_a_page_shows_a_coin_whose_name_is_that_of_a_secret() -> None:
    shown = REDACTOR.page({"balances": {"SIGN": "1.5"}, "cause": f"signature=abc {CANARY}"})
    assert shown == {"balances": {"SIGN": "1.5"}, "cause": f"signature={REDACTED} {REDACTED}"}
