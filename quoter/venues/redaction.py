"""Remove secrets and control characters from texts; ccxt's errors contain signed URLs."""

import re
from collections.abc import Iterable

from quoter.domain.secret_spellings import secret_spellings

TEXT_MAX = 300
SCAN_MAX = 20_000  # a longer text is cut before it is scanned
_PAIR = re.compile(
    r"(?i)\b((?:x-[a-z-]*key|api_?key|secret|signature|sign|token|passphrase|password|listen_?key)"
    r"[\"']?\s*[=:]\s*[\"']?)[^&\s\"',}]+"
)


def redact(value: object, secrets: Iterable[str] = ()) -> str:
    """Return `value` as one printable line without secrets, at most TEXT_MAX characters."""
    line = " ".join(str(value)[:SCAN_MAX].split())
    for secret in secrets:
        for form in secret_spellings(secret):
            line = line.replace(form, "***")
    return printable(_PAIR.sub(r"\1***", line)[:TEXT_MAX])


def printable(text: str) -> str:
    """Return the text with `?` for unprintable characters (control codes, line breaks)."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else "?" for char in text)
