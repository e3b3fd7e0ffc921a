"""Nothing secret leaves in a text: ccxt puts signed URLs into its exceptions."""

import re
from collections.abc import Iterable

TEXT_MAX = 300
_PAIR = re.compile(
    r"(?i)\b((?:x-[a-z-]*key|api_?key|secret|signature|sign|token|passphrase|password|listen_?key)"
    r"[\"']?\s*[=:]\s*[\"']?)[^&\s\"',}]+"
)


def redact(value: object, secrets: Iterable[str] = ()) -> str:
    """The text of `value` on one line, without secrets, at most TEXT_MAX characters."""
    line = " ".join(str(value).split())
    for secret in secrets:
        if secret:
            line = line.replace(secret, "***")
    return _PAIR.sub(r"\1***", line)[:TEXT_MAX]
