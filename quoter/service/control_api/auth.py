"""Who calls: bearer tokens and their roles, and a pause for those who guess."""

import hmac
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from hashlib import sha256

from multidict import CIMultiDictProxy

SCHEME = "bearer"  # in any case: RFC 9110, 11.1
ID_DIGITS = 8
FAILURES_MAX = 5  # within the window; then nobody gets in for as long as the pause
WINDOW_NS = 60_000_000_000
PAUSE_NS = 60_000_000_000


class Role(IntEnum):
    """What a token may do; each role may do what those below it may."""

    READ = 1
    OPERATOR = 2
    RISK = 3


@dataclass(frozen=True, slots=True)
class Caller:
    """Whose token it was; the id is the beginning of its SHA-256, never the token."""

    role: Role
    token_id: str

    def __str__(self) -> str:
        return f"{self.role.name.lower()}:{self.token_id}"


class Tokens:
    """The tokens of one daemon, kept as hashes."""

    def __init__(self, tokens: Mapping[Role, str]) -> None:
        self._hashes = {role: sha256(token.encode()).digest() for role, token in tokens.items()}

    def caller(self, headers: CIMultiDictProxy[str]) -> Caller | None:
        """Who sent this one Authorization header; None if nobody we know did.

        Hashes are compared, all of them and each in constant time, so that the time taken says
        nothing about a token.
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
    """Five wrong tokens within a minute shut the door for a minute, for everybody.

    All callers come from loopback, so there is nobody to tell apart. Whoever guesses can keep the
    door shut, but not keep anybody from killing: a kill with a right token passes (its token can't
    be guessed at any rate), and so do the file and the signal.
    """

    def __init__(self) -> None:
        self._failures: deque[int] = deque(maxlen=FAILURES_MAX)
        self._until_ns = 0

    def left_s(self, now_ns: int) -> int:
        """Seconds until the door opens, rounded up; 0 if it is open."""
        return max(0, -(-(self._until_ns - now_ns) // 1_000_000_000))

    def failed(self, now_ns: int) -> None:
        """Somebody came with a wrong token, while the door was open."""
        self._failures.append(now_ns)
        if len(self._failures) == FAILURES_MAX and now_ns - self._failures[0] <= WINDOW_NS:
            self._until_ns = now_ns + PAUSE_NS
            self._failures.clear()
