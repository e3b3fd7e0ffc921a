"""No key and no signature in any text."""

import pytest

from quoter.venues.redact import TEXT_MAX, redact


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


def test_the_rest_stays_readable_on_one_short_line() -> None:
    assert redact("binance\n -2010 signature=abc&x=1") == "binance -2010 signature=***&x=1"
    assert len(redact("x" * 1000)) == TEXT_MAX


def test_an_empty_secret_stars_nothing() -> None:
    assert redact("plain", [""]) == "plain"
