"""Every spelling of a secret is recognised."""

import json
from base64 import b64encode
from urllib.parse import quote

import pytest

from quoter.domain.secret_spellings import CHARS_MIN, secret_spellings

SECRET = 'a/"b+%c\\d e=2f&'  # noqa: S105 - opens nothing


@pytest.mark.parametrize(
    "text",
    [
        SECRET,
        json.dumps({"x": SECRET}),
        json.dumps({"body": json.dumps({"x": SECRET})}),
        repr([SECRET]),
        quote(SECRET),
        quote(SECRET, safe=""),
        "a%2f%22b%2b%25c%5cd%20e%3d2f%26",
        SECRET.encode().hex(),
        *(b64encode(b"user:pass"[:n] + SECRET.encode() + b"tail").decode() for n in range(4)),
    ],
)
def test_every_spelling_of_a_secret_is_returned(text: str) -> None:
    assert any(form in text for form in secret_spellings(SECRET))


def test_spellings_are_ordered_longest_first() -> None:
    forms = secret_spellings(SECRET)
    assert list(forms) == sorted(forms, key=len, reverse=True)


def test_every_line_of_a_private_key_is_a_secret() -> None:
    assert {"AAAABBBB", "CCCCDDDD"} <= {*secret_spellings("AAAABBBB\nCCCCDDDD\n")}


def test_too_short_texts_are_not_secrets() -> None:
    assert all(len(form) >= CHARS_MIN for form in secret_spellings("ab\ncd"))
    assert "ab" not in secret_spellings("ab")
