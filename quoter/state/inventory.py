"""Our holdings: the opening balances plus every unique fill."""

from collections.abc import Iterable, Mapping
from decimal import Decimal

from quoter.domain.events import Fill
from quoter.domain.instrument import Instrument
from quoter.domain.number_text import plain

TRADE_IDS_MAX = 20_000  # remembered to detect duplicates: 3 MB; the ledger knows all of them
ZERO = Decimal(0)
AMOUNT_MAX = Decimal("1e24")  # of any asset


def is_amount(number: Decimal) -> bool:
    """Whether the number is a possible amount: finite and from 0 to AMOUNT_MAX."""
    return number.is_finite() and 0 <= number <= AMOUNT_MAX


def is_execution(fill: Fill) -> bool:
    """Whether the numbers of a fill are possible: finite, and size and price above zero.

    Fills with impossible numbers are never booked.
    """
    are_amounts = all(map(is_amount, (fill.size, fill.price, fill.fee.copy_abs())))
    return are_amounts and fill.size > 0 and fill.price > 0


class LedgerConflict(Exception):
    """One trade id was reported with two different contents."""


class Inventory:
    """Exact balances by asset. Fills may arrive in any order; each trade id is booked once."""

    def __init__(
        self,
        instrument: Instrument,
        opening: Mapping[str, Decimal],
        *,
        target: Decimal = ZERO,
        known: Iterable[Fill] = (),
    ) -> None:
        """Start from `opening` (balances by asset); target: base.

        known: fills executed before `opening` was taken; they are not booked again.
        """
        self._instrument = instrument
        self.target = target
        self.opening = dict(opening)
        self.balances = {instrument.base: ZERO, instrument.quote: ZERO, **opening}
        self.fees_paid: dict[str, Decimal] = {}
        self.fills_buy = 0
        self.fills_sell = 0
        self.newest_trade_id = ""
        self._forgotten_id = ""  # newest trade id that was removed from `_seen`
        self._seen: dict[str, int] = {}  # digest of the content, by trade id
        for fill in known:
            self._remember(fill)

    @property
    def position(self) -> Decimal:
        """Holdings of the base coin in our books."""
        return self.balances[self._instrument.base]

    @property
    def net(self) -> Decimal:
        """Position minus target, base, > 0 if long: the q of every formula."""
        return self.position - self.target

    @property
    def touched(self) -> frozenset[str]:
        """The assets that our trading changes: base, quote, and the coins of fees."""
        return frozenset((self._instrument.base, self._instrument.quote, *self.fees_paid))

    @property
    def cash(self) -> Decimal:
        """Holdings of the quote currency in our books."""
        return self.balances[self._instrument.quote]

    def has(self, trade_id: str) -> bool:
        """Whether this trade id is remembered; such a trade is not booked again."""
        return trade_id in self._seen

    def may_have_forgotten(self, fill: Fill) -> bool:
        """Whether this fill may have been booked and removed from memory since.

        Numeric ids show which trade is older. `ts_ns` does not: for a trade from a list it is the
        time at which the list was received. With other ids, every fill may be an old one once a
        trade was removed.
        """
        new, forgotten = fill.trade_id, self._forgotten_id
        are_numbers = new.isdecimal() and forgotten.isdecimal()
        return bool(forgotten) and not (are_numbers and int(new) > int(forgotten))

    def book(self, fill: Fill) -> bool:
        """Book a fill; return False if this trade id was booked before. Raises LedgerConflict."""
        known = self._seen.get(fill.trade_id)
        if known is not None:
            if known != _digest(fill):
                raise LedgerConflict(
                    f"trade {fill.trade_id} was reported before with another side, price, size or "
                    f"fee; now it is {fill_text(fill)}"
                )
            return False
        self._remember(fill)
        sign = fill.side.sign
        self._add(self._instrument.base, sign * fill.size)
        self._add(self._instrument.quote, -sign * fill.size * fill.price)
        self._add(fill.fee_asset, -fill.fee)
        self.fees_paid[fill.fee_asset] = self.fees_paid.get(fill.fee_asset, ZERO) + fill.fee
        if sign > 0:
            self.fills_buy += 1
        else:
            self.fills_sell += 1
        return True

    def _remember(self, fill: Fill) -> None:
        self._seen[fill.trade_id] = _digest(fill)
        self.newest_trade_id = max(self.newest_trade_id, fill.trade_id, key=_id_key)
        if len(self._seen) > TRADE_IDS_MAX:
            oldest = next(iter(self._seen))
            del self._seen[oldest]
            self._forgotten_id = max(self._forgotten_id, oldest, key=_id_key)

    def _add(self, asset: str, amount: Decimal) -> None:
        self.balances[asset] = self.balances.get(asset, ZERO) + amount


def _id_key(trade_id: str) -> tuple[int, str]:
    """Sort key: numeric ids by value, others by text."""
    return (int(trade_id), "") if trade_id.isdecimal() else (0, trade_id)


def payload(fill: Fill) -> tuple[object, ...]:
    """The fields that must be equal in every report of one trade id."""
    return fill.side, fill.price, fill.size, fill.fee, fill.fee_asset


def fill_text(fill: Fill) -> str:
    """Return the payload as text, such as `buy 0.01 at 60000, fee 0.6 USDT`."""
    fee = f"fee {plain(fill.fee)} {fill.fee_asset}"
    return f"{fill.side} {plain(fill.size)} at {plain(fill.price)}, {fee}"


def _digest(fill: Fill) -> int:
    """Return a digest of the payload, independent of the notation of numbers.

    All fills with impossible numbers have the digest 0.
    """
    if not is_execution(fill):
        return 0
    numbers = (plain(fill.price), plain(fill.size), plain(fill.fee))
    return hash((fill.side, *numbers, fill.fee_asset))
