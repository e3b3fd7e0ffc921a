"""The forms of a secret in URLs, JSON, headers and texts of Python."""

import json
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Iterator
from urllib.parse import quote, quote_plus

CHARS_MIN = 4  # shorter texts occur in ordinary log lines
BASE64_CHARS_MIN = 8  # shorter base64 parts occur in ordinary text


def secret_spellings(secret: str) -> tuple[str, ...]:
    """Return every known form of a secret, longest first.

    Each line of a private key is treated as a secret too.
    """
    found = set[str]()
    for part in (secret, *secret.splitlines()):
        escaped = json.dumps(part)[1:-1]
        percent = quote(part, safe="")
        found |= {part, repr(part)[1:-1], part.encode(errors="replace").hex()}
        found |= {escaped, json.dumps(escaped)[1:-1]}  # an error may quote JSON inside JSON
        found |= {percent, _low(percent), quote(part), quote_plus(part)}
        found |= {*_base64(part.encode(errors="replace"))}
    return tuple(sorted((form for form in found if len(form) >= CHARS_MIN), key=len)[::-1])


def _low(percent: str) -> str:
    """A percent-encoded text with `%2f` in place of `%2F`."""
    first, *rest = percent.split("%")
    return first + "".join(f"%{part[:2].lower()}{part[2:]}" for part in rest)


def _base64(raw: bytes) -> Iterator[str]:
    """Yield the base64 characters that depend on the secret alone, for each of 3 alignments."""
    for encode in (b64encode, urlsafe_b64encode):
        yield encode(raw).decode().rstrip("=")
        for shift in range(3):
            coded = encode(b"\0" * shift + raw).decode()
            core = coded[4 if shift else 0 : -4]
            if len(core) >= BASE64_CHARS_MIN:
                yield core
