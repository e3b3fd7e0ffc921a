"""A secret is the same secret in every spelling."""

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
def test_each_is_known(text: str) -> None:
    assert any(form in text for form in secret_spellings(SECRET))


def test_the_longest_comes_first_so_that_none_leaves_a_rest() -> None:
    forms = secret_spellings(SECRET)
    assert list(forms) == sorted(forms, key=len, reverse=True)


def test_every_line_of_a_private_key_is_a_secret() -> None:
    assert {"AAAABBBB", "CCCCDDDD"} <= {*secret_spellings("AAAABBBB\nCCCCDDDD\n")}


def test_what_is_too_short_is_no_secret() -> None:
    assert all(len(form) >= CHARS_MIN for form in secret_spellings("ab\ncd"))
    assert "ab" not in secret_spellings("ab")
