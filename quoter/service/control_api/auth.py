"""Bearer tokens and their roles, and a lock-out after wrong tokens."""

import hmac
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from hashlib import sha256

from multidict import CIMultiDictProxy

SCHEME = "bearer"  # case-insensitive: RFC 9110, 11.1
ID_DIGITS = 8
# wrong tokens within WINDOW_NS, after which all callers are locked out for PAUSE_NS
FAILURES_MAX = 5
WINDOW_NS = 60_000_000_000
PAUSE_NS = 60_000_000_000


class Role(IntEnum):
    """The role of a token; each role includes those with a lower value."""

    READ = 1
    OPERATOR = 2
    RISK = 3


@dataclass(frozen=True, slots=True)
class Caller:
    """The sender of a request. `token_id`: first hex digits of its token's SHA-256."""

    role: Role
    token_id: str

    def __str__(self) -> str:
        return f"{self.role.name.lower()}:{self.token_id}"


class Tokens:
    """The tokens of one daemon, stored as hashes."""

    def __init__(self, tokens: Mapping[Role, str]) -> None:
        self._hashes = {role: sha256(token.encode()).digest() for role, token in tokens.items()}

    def caller(self, headers: CIMultiDictProxy[str]) -> Caller | None:
        """Return the caller whose token is in the Authorization header; None if no known token is.

        The hash is compared with every known hash in constant time, so that the duration reveals
        nothing.
        """
        given = headers.getall("Authorization", [])
        scheme, _, token = given[0].partition(" ") if len(given) == 1 else ("", "", "")
        if scheme.lower() != SCHEME:
            return None
        digest = sha256(token.encode(errors="surrogateescape")).digest()
        found = None
        for role, known in self._hashes.items():
            if hmac.compare_digest(digest, known):
                found = role
        return None if found is None else Caller(found, digest.hex()[:ID_DIGITS])


class LockOut:
    """Lock-out of all callers for a minute after five wrong tokens within a minute.

    All callers come from loopback, so they can't be distinguished. An attacker can cause a
    lock-out, but can't prevent a kill: a kill with a valid token still passes, and so do the kill
    file and the signal. At this rate a token can't be guessed.
    """

    def __init__(self) -> None:
        self._failures: deque[int] = deque(maxlen=FAILURES_MAX)
        self._until_ns = 0

    def left_s(self, now_ns: int) -> int:
        """Return the seconds until the lock-out ends, rounded up; 0 if there is none."""
        return max(0, -(-(self._until_ns - now_ns) // 1_000_000_000))

    def failed(self, now_ns: int) -> None:
        """Count a wrong token outside a lock-out; the fifth within WINDOW_NS begins one."""
        self._failures.append(now_ns)
        if len(self._failures) == FAILURES_MAX and now_ns - self._failures[0] <= WINDOW_NS:
            self._until_ns = now_ns + PAUSE_NS
            self._failures.clear()
