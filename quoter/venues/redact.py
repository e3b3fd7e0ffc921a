"""Nothing secret or hostile leaves in a text: ccxt puts signed URLs into its exceptions."""

import json
import re
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Iterable, Iterator
from urllib.parse import quote, quote_plus

TEXT_MAX = 300
SCAN_MAX = 20_000  # a longer text is cut before anything looks at it
SECRET_CHARS_MIN = 4  # shorter ones would star out half of every line
_PAIR = re.compile(
    r"(?i)\b((?:x-[a-z-]*key|api_?key|secret|signature|sign|token|passphrase|password|listen_?key)"
    r"[\"']?\s*[=:]\s*[\"']?)[^&\s\"',}]+"
)


def redact(value: object, secrets: Iterable[str] = ()) -> str:
    """The text of `value` on one printable line, without secrets, at most TEXT_MAX characters."""
    line = " ".join(str(value)[:SCAN_MAX].split())
    for secret in secrets:
        for form in _forms(secret):
            line = line.replace(form, "***")
    return printable(_PAIR.sub(r"\1***", line)[:TEXT_MAX])


def printable(text: str) -> str:
    """The text with `?` for what could move a cursor, forge a line, or be no text at all."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else "?" for char in text)


def _forms(secret: str) -> Iterator[str]:
    """How a request or an error may spell it, longest first; a private key has many lines."""
    forms = set[str]()
    for part in (secret, *secret.splitlines()):
        raw = part.encode(errors="replace")
        forms |= {part, quote(part, safe=""), quote(part), quote_plus(part), json.dumps(part)[1:-1]}
        forms |= {encode(raw).decode().rstrip("=") for encode in (b64encode, urlsafe_b64encode)}
    yield from sorted((form for form in forms if len(form) >= SECRET_CHARS_MIN), key=len)[::-1]
