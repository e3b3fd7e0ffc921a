"""Checks of the control tokens: length, variety, and a separate token for each role."""

import re
from collections.abc import Mapping

CHARS_MIN, CHARS_MAX = 32, 256
VARIETY_MIN = 8  # different characters; 32 random hex digits have fewer once in millions of tokens
FORM = re.compile(r"[A-Za-z0-9._~+/=-]+")  # allowed after "Bearer " (RFC 6750)
MAKE = "make one with `openssl rand -hex 32`"


def token_conflicts(tokens: Mapping[str, str]) -> list[str]:
    """Return one line for each refused token, with the name of its setting but not its value."""
    lines = [f"{name}: {fault}; {MAKE}" for name, token in tokens.items() if (fault := weak(token))]
    seen: dict[str, str] = {}
    for name, token in tokens.items():
        if token in seen:
            lines.append(f"{name}: holds the same token as {seen[token]}: each role needs its own")
        seen[token] = name
    return lines


def weak(token: str) -> str:
    """Return why this token is refused; empty if it is accepted."""
    if len(token) < CHARS_MIN:
        return f"the token has {len(token)} characters, at least {CHARS_MIN} are needed"
    if len(token) > CHARS_MAX:
        return f"the token has more than {CHARS_MAX} characters"
    if not FORM.fullmatch(token):
        return "the token may only have letters, digits and ._~+/=-"
    if len(set(token)) < VARIETY_MIN:
        return f"the token has fewer than {VARIETY_MIN} different characters"
    if token in (token + token)[1:-1]:
        return "the token repeats itself"
    return ""
