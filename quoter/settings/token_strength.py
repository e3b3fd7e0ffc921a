"""Which tokens are too weak to steer a daemon with: short, simple, or one for two roles."""

import re
from collections.abc import Mapping

CHARS_MIN, CHARS_MAX = 32, 256
VARIETY_MIN = 8  # different characters; 32 random hex digits have fewer once in millions
FORM = re.compile(r"[A-Za-z0-9._~+/=-]+")  # what fits behind "Bearer " (RFC 6750)
MAKE = "make one with `openssl rand -hex 32`"


def token_conflicts(tokens: Mapping[str, str]) -> list[str]:
    """One line for each token that is refused, by the setting's name and never with the token."""
    lines = [f"{name}: {fault}; {MAKE}" for name, token in tokens.items() if (fault := weak(token))]
    seen: dict[str, str] = {}
    for name, token in tokens.items():
        if token in seen:
            lines.append(f"{name}: holds the same token as {seen[token]}: each role needs its own")
        seen[token] = name
    return lines


def weak(token: str) -> str:
    """Why this token is no good; empty if nothing speaks against it."""
    if len(token) < CHARS_MIN:
        return f"the token has {len(token)} characters, at least {CHARS_MIN} are needed"
    if len(token) > CHARS_MAX:
        return f"the token has more than {CHARS_MAX} characters"
    if not FORM.fullmatch(token):
        return "the token may only be of letters, digits and ._~+/=-"
    if len(set(token)) < VARIETY_MIN:
        return f"the token has fewer than {VARIETY_MIN} different characters"
    if token in (token + token)[1:-1]:
        return "the token repeats itself"
    return ""
