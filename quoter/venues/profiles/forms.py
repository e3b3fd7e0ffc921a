"""Where books, fees, balances and results are in a venue's messages, as data.

A path consists of names and list positions with dots between ("data.0.seqId").
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from quoter.venues.json_values import Json, as_list, as_map, at_path, decimal, text

_NO_FEES: tuple[object, ...] = (None, "", "[]", [], {})


@dataclass(frozen=True, slots=True, kw_only=True)
class BookSequence:
    """Where the sequence numbers are in the messages of an order book.

    An update has either the last number before it (`previous`), or the first of its own numbers
    (`first`), which is one more than that.
    """

    row: str  # path of the object with the numbers
    kind: str
    whole: str | bool  # value at `kind` in a message that is a whole book
    last: str  # name of the message's number, or of the last of its numbers
    previous: str = ""
    first: str = ""
    # name of a checksum that ccxt verifies; an update that has it needs no `previous`
    checksum: str = ""

    def is_whole(self, message: object) -> bool:
        """Whether the message replaces the book."""
        return at_path(message, self.kind) == self.whole

    def last_of(self, message: object) -> int | None:
        """Return the number that the next message must continue; None if it is absent."""
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
    """Where the fee is in a trade of ours, and what its sign means. Paths start at `info`.

    A profile may have several forms; the first whose `amount` is in the row is used.
    """

    amount: str
    asset: str = ""  # empty: ccxt's coin, which it takes from the venue's rules
    other_asset: str = ""  # another name of the coin, where `asset` is absent or empty
    is_charge_negative: bool = False  # True: a charge is below zero, a rebate above
    rows: str = ""  # path of a list of fees, whose rows have `amount` and `asset`; empty: no list
    # paths of other fees; a trade that has one is not booked, because a fill has one fee
    besides: tuple[str, ...] = ()
    twin: str = ""  # path of the same fee again; a trade where both differ is not booked
    instead: Mapping[str, str] = field(default_factory=dict)  # other amounts and their coins:
    # the venue took the fee in that coin, and says zero under `amount`

    def is_in(self, info: Json) -> bool:
        """Whether a trade has a fee in this form."""
        if self.rows:
            return bool(as_list(at_path(info, self.rows)))
        return at_path(info, self.amount) is not None

    def row(self, info: Json) -> Json:
        """Return the object with amount and asset; an empty one if the list has several rows."""
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
        """Whether `amount` is certainly the whole fee."""
        row = self.row(info)
        amount = decimal(at_path(row, self.amount))
        twin = decimal(at_path(row, self.twin)) if self.twin else None
        if twin and (amount is None or abs(twin) != abs(amount)):
            return False
        return all(at_path(info, path) in _NO_FEES for path in self.besides)


@dataclass(frozen=True, slots=True, kw_only=True)
class BalanceForm:
    """Where the balances (exact decimal strings) are in a venue's answer. Paths start at `info`.

    Locked is the sum of `locked`. Free is `free`, or `total` minus locked.
    """

    rows: str
    coin: str  # empty: rows are an object by coin
    locked: tuple[str, ...]
    free: str = ""
    total: str = ""
    lists_every_coin: bool = False  # also coins without a balance, so that ours must be listed


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerForm:
    """Required content of a venue's REST answer; an answer without it is not used.

    ccxt treats an absent code as a good one, and an absent list as an empty one.
    """

    code: str = ""  # path of the result code; empty: there is none
    good: str = ""  # code of a successful answer; an empty list is read as ""
    content: str = ""  # path of an object or list
    lists: Mapping[str, str] = field(default_factory=dict)  # end of a URL path: path of its list,
    # which is an object where rows are listed by id

    def error(self, url_path: str, answer: object) -> str:
        """Return how an answer differs from this form; empty if it does not."""
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
    """Return an integer that a venue sends as a number or as digits; None for anything else."""
    digits = text(value)
    return int(digits) if digits.lstrip("-").isdecimal() else None
