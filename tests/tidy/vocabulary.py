"""Words that this project no longer uses, and what it says instead.

The words were private nicknames. Each had a common term of the field, which stands beside it; the
glossary (deploy/docs/glossary.md) defines those terms.
"""

import io
import re
import tokenize
from collections import Counter
from functools import cache
from pathlib import PurePath

from tests.tidy.repository import text, tracked

# Retired everywhere: names, comments, strings and documents. Value: what to write instead.
RETIRED = {
    "wish": "operator command, request",
    "wishes": "operator commands, requests",
    "desk": "operator commands, harness",
    "vigil": "heartbeat monitor",
    "inch": "egress gate",
    "door": "gateway, egress gate",
    "doors": "gateways, egress gate",
    "oddity": "anomaly",
    "oddities": "anomalies",
    "foretell": "predict",
    "foretells": "predicts",
    "foretelling": "prediction",
    "foretold": "expected, expected fill rate",
    "hush": "silence",
    "hushed": "silent",
    "goodbye": "close announcement",
    "mute": "silent stream",
    "mutes": "silences",
    "muteness": "silent stream",
    "deaf": "silent stream",
    "knob": "live parameter",
    "knobs": "live parameters",
    "orphan": "unmatched fill, unowned order",
    "orphans": "unmatched fills, unowned orders",
    "patience": "back-off after rejects",
    "ripen": "raise, take effect",
    "ripens": "raises, takes effect",
    "unheard": "unreported, not received",
    "forgive": "reset, clear",
    "forgives": "resets, clears",
    "equip": "give its name",
    "riddle": "state the question",
    "whoever": "name the actor",
    "blot": "redact",
    "stranger": "foreign order, unknown caller",
    "strangers": "foreign orders, unknown callers",
    "told": "reported, received, events",
    "patient": "backing off, with a long time limit",
    "ripe": "due, raised",
    "rung": "level",
    "rungs": "levels",
    "verb": "command, target",
    "verbs": "commands, targets",
    "rooms": "sub-packages",
}  # fmt: skip
# Retired as part of a name in the code; as a word of a sentence they are plain English.
RETIRED_NAMES = {
    "turn": "step",
    "turns": "steps",
    "beat": "heartbeat",
    "beats": "heartbeats",
    "pulse": "heartbeat",
    "doubts": "order queries",
    "remark": "anomaly",
    "remarks": "anomalies",
    "hear": "receive",
    "hears": "receives",
    "heard": "received",
}
PROSE = re.compile(r"\.(py|md|yml|toml|example|sh|env)$|(^|/)(Makefile|Dockerfile)$")
WORD_LISTS = {"tests/tidy/vocabulary.py"}
# Plain uses of a retired word, by file.
ALLOWED = {
    ("CHANGELOG.md", "told"),  # names the former key of a reply
}
PART = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")


def package(path: str) -> str:
    """The part of the tree whose words are counted together, such as `quoter/engine`."""
    parts = PurePath(path).parts
    return "/".join(parts[:2]) if parts[0] in {"quoter", "tests", "deploy"} else parts[0]


def parts(words: str) -> list[str]:
    """Lower-case words of a text; `OrderDesk` and `order_desk` have two each."""
    return [part.lower() for part in PART.findall(words)]


def names(path: str) -> list[str]:
    """Every identifier of a Python file, as often as it occurs."""
    tokens = tokenize.generate_tokens(io.StringIO(text(path)).readline)
    return [token.string for token in tokens if token.type == tokenize.NAME]


def searched(path: str) -> str:
    """Text of a file; the changelog without its tables, which must name what was renamed."""
    if path != "CHANGELOG.md":
        return text(path)
    return "\n".join(line for line in text(path).splitlines() if not line.startswith("| `"))


def retired_in_name(path: str) -> list[str]:
    """Retired words in the names of a file and its folders."""
    return [word for word in parts(path) if word in RETIRED or word in RETIRED_NAMES]


def retired_in_content(path: str) -> list[str]:
    """Retired words in the text of a file, and in the identifiers of a Python file."""
    words = parts(searched(path))
    found = [word for word in words if word in RETIRED]
    if path.endswith(".py") and not RETIRED_NAMES.keys().isdisjoint(words):
        found += [
            part
            for name in names(path)
            if not name.startswith("test_")  # a sentence
            for part in parts(name)
            if part in RETIRED_NAMES
        ]
    return found


@cache
def retired_words() -> Counter[tuple[str, str]]:
    """How often each retired word occurs, by package and word."""
    found = Counter[tuple[str, str]]()
    for path in tracked():
        words = retired_in_name(path)
        if PROSE.search(path) and path not in WORD_LISTS:
            words += retired_in_content(path)
        found.update((package(path), word) for word in words if (path, word) not in ALLOWED)
    return found
