"""Texts contain no key and no signature."""

from base64 import b64encode
from collections.abc import Callable
from urllib.parse import quote

import pytest

from quoter.venues.redaction import TEXT_MAX, redact


@pytest.mark.parametrize(
    "line",
    [
        "GET https://x/api?timestamp=1&signature=CANARY&a=1",
        "{'X-MBX-APIKEY': 'CANARY'}",
        '{"apiKey": "CANARY", "x": 1}',
        "api_key=CANARY",
        "sign=CANARY&x",
        "token: CANARY",
        "passphrase=CANARY",
        "listenKey=CANARY",
        "the words held CANARY alone",
    ],
)
def test_secrets_are_starred(line: str) -> None:
    assert "CANARY" not in redact(line, ["CANARY" if "alone" in line else ""])


def test_text_is_one_short_line() -> None:
    assert redact("binance\n -2010 signature=abc&x=1") == "binance -2010 signature=***&x=1"
    assert len(redact("x" * 1000)) == TEXT_MAX


@pytest.mark.parametrize("encode", [str, quote, lambda text: b64encode(text.encode()).decode()])
def test_known_secret_is_starred_in_every_encoding(
    encode: Callable[[str], str],
) -> None:
    secret = "CANARY/+ is it"  # noqa: S105 - opens nothing
    assert encode(secret)[:8] not in redact(f"a {encode(secret)} b", [secret])


@pytest.mark.parametrize(
    "hostile",
    ["\x1b[2J\x1b]8;;http://evil\x07click", "two\nlines\r\n", "nul\x00", "\ud800", "\u202egnp"],
)
def test_venue_text_is_one_printable_line(hostile: str) -> None:
    assert redact(hostile).isprintable()


def test_long_text_is_cut_before_the_search() -> None:
    assert len(redact("x=" * 500_000)) <= TEXT_MAX


def test_empty_secret_changes_nothing() -> None:
    assert redact("plain", [""]) == "plain"
