"""Redaction of secrets in log lines and pages, by value and by name.

Text from a venue is untrusted: control characters are replaced and its length is limited.
"""

import re
from collections.abc import Iterable, Mapping
from itertools import islice
from math import isfinite
from typing import Final

from quoter.domain.secret_spellings import secret_spellings

REDACTED: Final = "[redacted]"
TEXT_CHARS_MAX: Final = 500
TRACE_CHARS_MAX: Final = 8_000
SCAN_CHARS_MAX: Final = 20_000  # a longer text is cut before the search
DEPTH_MAX: Final = 6
ITEMS_MAX: Final = 100

_SENSITIVE = (
    r"api[-_]?key|api[-_]?secret|api[-_]?password|secret|signature|sign|password|passphrase|"
    r"private[-_]?key|(?:access|refresh|auth)?[-_]?token|listen[-_]?key|authorization|"
    r"x-[a-z0-9-]*(?:key|sign|passphrase|token)|[a-z]{2,10}-access-(?:key|sign|passphrase)"
)
_KEY = re.compile(rf"(?:{_SENSITIVE})", re.IGNORECASE)
# signature=abc, 'apiKey': 'abc', X-MBX-APIKEY: abc, Authorization: Bearer abc
_PAIR = re.compile(
    rf"(?P<name>(?<![a-z0-9])(?:{_SENSITIVE}))(?P<gap>\\?[\"']?\s*[=:]\s*)"
    r"(?P<value>(?:bearer\s+|basic\s+)?(?:\\?\"[^\"]*\"|'[^']*'|[^\s&,;\"'\\})\]]+))",
    re.IGNORECASE,
)


class Redactor:
    """Replaces the secrets of this process, and values that follow the name of a secret."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        known = sorted({form for secret in secrets for form in secret_spellings(secret)}, key=len)
        self._known = re.compile("|".join(map(re.escape, reversed(known)))) if known else None

    def known(self, text: str) -> str:
        """Return the text with known secrets replaced, in all their spellings."""
        return text if self._known is None else self._known.sub(REDACTED, text)

    def text(self, text: str) -> str:
        """Return the text with known secrets replaced, and values that follow a secret's name."""
        text = self.known(text)
        if "=" not in text and ":" not in text:  # true for most texts, and cheaper than the search
            return text
        return _PAIR.sub(rf"\g<name>\g<gap>{REDACTED}", text)

    def value(self, key: str, value: object) -> object:
        """Return `value` redacted for a log line, completely if `key` is the name of a secret.

        Containers are searched down to `DEPTH_MAX` levels and up to `ITEMS_MAX` items.
        """
        return self._redact(key, value, judges_keys=True)

    def page(self, value: object) -> object:
        """Return `value` redacted for a page.

        Keys are not checked, because a coin may be named SIGN.
        """
        return self._redact("", value, judges_keys=False)

    def _redact(self, key: str, value: object, *, judges_keys: bool, depth: int = 0) -> object:
        if judges_keys and _KEY.fullmatch(key):
            return REDACTED
        if isinstance(value, str):
            return self._text(value)
        if value is None or isinstance(value, bool | int):
            return value
        if isinstance(value, float):
            return value if isfinite(value) else str(value)  # JSON has no NaN
        if depth >= DEPTH_MAX:
            return "..."
        if isinstance(value, Mapping):
            return {
                clean(str(name)): self._redact(
                    str(name), inner, judges_keys=judges_keys, depth=depth + 1
                )
                for name, inner in islice(value.items(), ITEMS_MAX)
            }
        if isinstance(value, tuple | list | set | frozenset):
            return [
                self._redact(key, inner, judges_keys=judges_keys, depth=depth + 1)
                for inner in islice(value, ITEMS_MAX)
            ]
        return self._text(str(value))

    def _text(self, value: str) -> str:
        """Redact known secrets, shorten the text, then redact by name.

        The first step comes before shortening, which could split a secret. Text beyond
        SCAN_CHARS_MAX is dropped first.
        """
        return self.text(clean(self.known(value[:SCAN_CHARS_MAX])))


def clean(text: str, chars_max: int = TEXT_CHARS_MAX) -> str:
    """Return the text with unprintable characters replaced by `?`, cut at `chars_max`."""
    if len(text) > chars_max:
        text = text[:chars_max] + "..."
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else "?" for char in text)


def clean_trace(text: str) -> str:
    """Return a traceback cleaned like `clean`, but with its line breaks."""
    lines = text[-TRACE_CHARS_MAX:].splitlines()
    return "\n".join(clean(line) for line in lines)
