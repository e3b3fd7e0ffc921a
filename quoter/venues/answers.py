"""Checks of a venue's answer before anything is read from it.

There are two, and a request through ccxt passes both:
* `check_body` sees every HTTP answer before ccxt does (`GuardedExchange.fetch`). ccxt accepts any
  text with status 200: it reads a maintenance page as an account without coins, as an empty list of
  orders and as an acknowledgement.
* `RequestSender` takes a reader with every call (below, or a caller's own) and returns only what
  the reader returns. A reader raises BadAnswer if the answer lacks the requested content.

A bad answer is treated as a missing one: a create stays unknown, a cancel is unconfirmed, a report
fails.
"""

from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

from quoter.domain.errors import BadAnswer
from quoter.venues.binance.answers import form_error
from quoter.venues.egress.gate import current_call
from quoter.venues.json_values import Json, as_map
from quoter.venues.profiles import profile_of
from quoter.venues.redaction import printable

SHOWN_CHARS = 60  # of an answer, in an error text
DEPTH_MAX = 5  # levels of an answer in which a list is looked for
# Members of an answer that never hold requested content.
_NOT_CONTENT = frozenset({"error", "errors", "warning", "warnings", "retExtInfo", "msg", "message"})
# Objects (rows by id) in which Kraken lists orders and trades.
_ROWS_BY_ID = frozenset({"open", "closed", "trades"})


def check_body(exchange: str, method: str, url: str, answer: object) -> None:
    """Check the body of an HTTP answer with a good status. Raises BadAnswer.

    Every venue answers with a JSON object or list, in the form that its profile names. Binance's
    answers are checked field by field.
    """
    path, profile = urlsplit(url).path, profile_of(exchange)
    if not isinstance(answer, dict | list):
        raise BadAnswer(f"{method} {path}: {_shown(answer)} instead of JSON")
    if profile.answers is not None and (error := profile.answers.error(path, answer)):
        raise BadAnswer(f"{method} {path}: {error}")
    if profile.family == "binance" and (error := form_error(method, path, answer)):
        raise BadAnswer(f"{method} {path}: {error}")


def fields(answer: object) -> Json:
    """Return the answer if it is an object with fields. Raises BadAnswer."""
    if not isinstance(answer, Mapping) or not answer:
        raise BadAnswer(f"{_shown(answer)} instead of an object with fields")
    return answer


def rows(answer: object) -> list[Json]:
    """Return the answer if it is a list of objects. Raises BadAnswer.

    ccxt returns an empty list also for an answer without a list. So an empty list is accepted only
    if the venue's own answer contains a list, which is empty or has rows of other markets.
    """
    if not isinstance(answer, list) or not all(isinstance(row, Mapping) for row in answer):
        raise BadAnswer(f"{_shown(answer)} instead of a list of objects")
    if not answer and not has_list():
        raise BadAnswer("the venue's answer has no list of what was requested")
    return answer


def rows_with_cursor(name: str) -> Callable[[object], list[Json]]:
    """Return a reader like `rows`, for a list whose pages have the cursor `name`.

    An empty cursor marks the last page. ccxt puts a cursor into a row but omits an empty one; the
    reader puts it back.
    """

    def read(answer: object) -> list[Json]:
        found, call = rows(answer), current_call()
        if not found or call is None or not _has_empty(call.answer, name):
            return found
        info = {**as_map(found[0].get("info")), name: ""}
        return [{**found[0], "info": info}, *found[1:]]

    return read


def number_rows(answer: object) -> list[list[object]]:
    """Return the answer if it is a list of lists (bars). Raises BadAnswer."""
    if not isinstance(answer, list) or not all(isinstance(row, list) for row in answer):
        raise BadAnswer(f"{_shown(answer)} instead of a list of lists")
    return answer


def venue_ms(answer: object) -> int:
    """Return the answer if it is a time in ms. Raises BadAnswer."""
    if isinstance(answer, bool) or not isinstance(answer, int) or answer <= 0:
        raise BadAnswer(f"{_shown(answer)} instead of a time in ms")
    return answer


def book(answer: object) -> Json:
    """Return the answer if it is an order book with both sides as lists. Raises BadAnswer."""
    found = fields(answer)
    for side in ("bids", "asks"):
        if not isinstance(found.get(side), list):
            raise BadAnswer(f"an order book without {side}")
    return found


def anything(answer: object) -> object:
    """Return the answer unchecked: the caller checks it, or only its arrival matters."""
    return answer


def has_list() -> bool:
    """Whether the venue's last answer to this call contains a list.

    Without one an empty list from ccxt is not an answer.
    """
    call = current_call()
    return call is not None and _has_list(call.answer)


def _has_list(value: object, depth: int = DEPTH_MAX) -> bool:
    """Whether a JSON value is or contains a list, empty or not; _NOT_CONTENT is not searched."""
    if isinstance(value, list):
        return True
    if not isinstance(value, dict) or not depth:
        return False
    return any(
        (name in _ROWS_BY_ID and isinstance(each, dict)) or _has_list(each, depth - 1)
        for name, each in value.items()
        if name not in _NOT_CONTENT
    )


def _has_empty(value: object, name: str, depth: int = DEPTH_MAX) -> bool:
    """Whether a field of this name, at any depth outside of lists, is an empty text."""
    if not isinstance(value, dict) or not depth:
        return False
    return value.get(name) == "" or any(
        _has_empty(each, name, depth - 1) for each in value.values()
    )


def _shown(answer: object) -> str:
    """Return the kind of an answer and the beginning of its text."""
    if answer is None:
        return "nothing"
    if isinstance(answer, str | bytes):
        text = answer if isinstance(answer, str) else answer.decode("utf-8", "replace")
        return f"the text {printable(' '.join(text.split())[:SHOWN_CHARS])!r}"
    return f"a {type(answer).__name__}"
