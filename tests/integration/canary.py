"""Canary secrets, the sandbox account that they belong to, and the search for them."""

import json
import re
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import quote, quote_plus

import pytest

from quoter.sandbox.config import BALANCES, Account, SandboxConfig
from quoter.sandbox.protocol import signing
from tests.integration.daemon_harness import LIVELY, market

KEY = "CANARY-key_7Zq0Xw"
SECRET = 'CANARY/secret+"x=&%9\\Kd2'  # noqa: S105 - opens nothing
PASSWORD = "CANARY password'4"  # noqa: S105 - opens nothing
ACCOUNT = Account(api_key=KEY, secret=SECRET, balances=BALANCES)
PROCESS_FILES = ("environ", "cmdline")
ALIGNMENTS = 3  # base64 of a text depends on where in a longer one it begins


def sandbox_config(seed: int = 5) -> SandboxConfig:
    """Return a sandbox with one market in which only our account exists."""
    return replace(market(LIVELY, seed), accounts=(ACCOUNT,))


def secret_files(folder: Path) -> dict[str, str]:
    """Write the secrets to files that only we may read; return the settings that name them."""
    folder.mkdir()
    for name, value in (("key", KEY), ("secret", SECRET)):
        (folder / name).write_text(value)
        (folder / name).chmod(0o400)
    return {
        "QUOTER_API_KEY_FILE": str(folder / "key"),
        "QUOTER_API_SECRET_FILE": str(folder / "secret"),
    }


def secret_spellings(secret: str) -> Iterator[bytes]:
    """Yield the secret plain, quoted for URL, JSON and Python, in hex, and in base64."""
    percent = quote(secret, safe="")
    low = re.sub("%..", lambda code: code[0].lower(), percent)
    texts = {secret, percent, low, quote(secret), quote_plus(secret)}
    texts |= {json.dumps(secret)[1:-1], repr(secret)[1:-1], secret.encode().hex()}
    yield from (text.encode() for text in texts)
    for encode in (b64encode, urlsafe_b64encode):
        for shift in range(ALIGNMENTS):
            yield encode(b"\0" * shift + secret.encode())[4 if shift else 0 : -4]


@dataclass
class Signatures:
    """Collects every signature that the sandbox computes, which includes our valid ones."""

    seen: set[str] = field(default_factory=set)

    def watch(self, monkeypatch: pytest.MonkeyPatch) -> None:
        sign = signing.rest_signature
        monkeypatch.setattr(signing, "rest_signature", lambda *a: self._keep(sign(*a)))

    def _keep(self, signature: str) -> str:
        self.seen.add(signature)
        return signature


def found(places: dict[str, bytes], signatures: Iterable[str] = ()) -> list[tuple[str, bytes]]:
    """Return where a secret or a signature occurs, with its surroundings."""
    needles = {form for secret in (KEY, SECRET, PASSWORD) for form in secret_spellings(secret)}
    needles |= {signature.encode() for signature in signatures}
    needles |= {needle[: len(needle) // 2] for needle in needles if needle.startswith(b"CANARY")}
    hits = []
    for place, content in places.items():
        for needle in needles:
            at = content.find(needle)
            if at >= 0:
                hits.append((place, content[max(0, at - 200) : at + 100]))
    return hits


def of_process(pid: int) -> dict[str, bytes]:
    """Return what other processes of this user can read about a process."""
    folder = Path(f"/proc/{pid}")
    return {
        name: (folder / name).read_bytes() for name in PROCESS_FILES if (folder / name).exists()
    }


def core_bytes_max(pid: int) -> str:
    """Return the core dump limit of a process; empty if the system does not show it."""
    limits = Path(f"/proc/{pid}/limits")
    text = limits.read_text() if limits.exists() else ""
    row = next((line for line in text.splitlines() if line.startswith("Max core file size")), "")
    return " ".join(row.split()[4:6])


def files(folder: Path) -> dict[str, bytes]:
    """Return names and contents of all files below a folder."""
    return {
        str(path.relative_to(folder)): str(path).encode() + b"\n" + path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }
