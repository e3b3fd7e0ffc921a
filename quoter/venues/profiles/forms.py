"""Places of books, fees, balances and results in a venue's messages, as data.

A path is names and list positions with dots between ("data.0.seqId").
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from quoter.venues.json_values import Json, as_list, as_map, at_path, decimal, text

_NO_FEES: tuple[object, ...] = (None, "", "[]", [], {})


@dataclass(frozen=True, slots=True, kw_only=True)
class BookSequence:
    """The numbers that put the messages of an order book in sequence.

    An update names the number before it (`previous`), or the first of its own numbers (`first`),
    which is one more than the last number before it.
    """

    row: str  # path of the object with the numbers
    kind: str
    whole: str | bool  # value under `kind` of a message that is a whole book
    last: str  # number of the message, or the last one of its numbers
    previous: str = ""
    first: str = ""
    checksum: str = ""  # which ccxt verifies: enough for an update without `previous`

    def is_whole(self, message: object) -> bool:
        """Whether the message replaces the book."""
        return at_path(message, self.kind) == self.whole

    def last_of(self, message: object) -> int | None:
        """Return the number that the following message continues; None if it is absent."""
        return _whole_number(self._row(message).get(self.last))

    def gap(self, message: object, before: int | None) -> str:
        """Return why an update does not follow the number `before`; empty if it does."""
        row = self._row(message)
        if self.first:
            found, expected = row.get(self.first), None if before is None else before + 1
        else:
            found, expected = row.get(self.previous), before
            if found is None and self.checksum and _whole_number(row.get(self.checksum)):
                return ""
        if expected is not None and _whole_number(found) == expected:
            return ""
        name = self.first or self.previous
        return f"an update of the book was lost: {name} is {found!r}, expected {expected!r}"

    def _row(self, message: object) -> Json:
        return as_map(at_path(message, self.row))


@dataclass(frozen=True, slots=True, kw_only=True)
class FeeForm:
    """Place of the fee in a trade of ours, and meaning of its sign. Paths start at `info`.

    Of the forms in a profile, the first whose `amount` is in the row is used.
    """

    amount: str
    asset: str = ""  # empty: ccxt's coin, which it takes from the venue's rules
    other_asset: str = ""  # another name of the coin, where `asset` is absent or empty
    is_charge_negative: bool = False  # True: a charge is below zero, a rebate above
    rows: str = ""  # a list of fees, to whose rows `amount` and `asset` belong; empty: no list
    besides: tuple[str, ...] = ()  # other fees, which a fill has no place for: empty, or not booked
    twin: str = ""  # another amount of the same fee: equal to it, zero or absent, or not booked
    instead: Mapping[str, str] = field(default_factory=dict)  # other amounts and their coins:
    # the venue took the fee in that coin, and says zero under `amount`

    def is_in(self, info: Json) -> bool:
        """Whether a trade has a fee of this form."""
        if self.rows:
            return bool(as_list(at_path(info, self.rows)))
        return at_path(info, self.amount) is not None

    def row(self, info: Json) -> Json:
        """Return the object with amount and asset; an empty one if the list has several."""
        if not self.rows:
            return info
        rows = as_list(at_path(info, self.rows))
        return as_map(rows[0]) if len(rows) == 1 else {}

    def coin(self, info: Json) -> str:
        """Return the coin that the venue names; empty if it names none."""
        row = self.row(info)
        names = (each for each in (self.asset, self.other_asset) if each)
        return next((coin for name in names if (coin := text(at_path(row, name)))), "")

    def is_whole(self, info: Json) -> bool:
        """Whether `amount` is certainly all that the venue took."""
        row = self.row(info)
        amount = decimal(at_path(row, self.amount))
        twin = decimal(at_path(row, self.twin)) if self.twin else None
        if twin and (amount is None or abs(twin) != abs(amount)):
            return False
        return all(at_path(info, path) in _NO_FEES for path in self.besides)


@dataclass(frozen=True, slots=True, kw_only=True)
class BalanceForm:
    """Place of balances, exact decimal strings, in a venue's answer. Paths start at `info`.

    Locked is the sum of `locked`; free is `free`, or `total` less locked.
    """

    rows: str
    coin: str  # empty: rows are an object by coin
    locked: tuple[str, ...]
    free: str = ""
    total: str = ""
    lists_every_coin: bool = False  # those without a balance too, so ours must be there


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerForm:
    """Required content of a REST answer of a venue: without it, the answer does not count.

    ccxt treats an absent code as a good one, and an absent list as an empty one.
    """

    code: str = ""  # path of the result code; empty: there is none
    good: str = ""  # the code of an answer that is not an error; an empty list counts as ""
    content: str = ""  # path of an object or list
    lists: Mapping[str, str] = field(default_factory=dict)  # end of a URL path: path of its list,
    # which is an object where rows are listed by id

    def error(self, url_path: str, answer: object) -> str:
        """Return how an answer differs from the form; empty if it does not."""
        if self.code:
            code = at_path(answer, self.code)
            found = "" if code == [] else text(code) or None
            if found != self.good:
                return f"{self.code} is {code!r} instead of {self.good or '[]'}"
        wanted = [self.content]
        wanted += [path for end, path in self.lists.items() if url_path.endswith(end)]
        absent = next((path for path in wanted if not _holds_rows(answer, path)), None)
        return "" if absent is None else f"{absent or 'the answer'} is missing or has no rows"


def _holds_rows(answer: object, path: str) -> bool:
    return isinstance(at_path(answer, path), dict | list)


def _whole_number(value: object) -> int | None:
    """Return a number that a venue sends as an integer or as digits; None for anything else."""
    digits = text(value)
    return int(digits) if digits.lstrip("-").isdecimal() else None
