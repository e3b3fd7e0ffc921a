"""The parts of the profit add up to its total exactly (`==`), whatever happens in any order."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Context, Decimal, localcontext
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quoter.domain.events import Fill
from quoter.domain.market import Side
from quoter.domain.step import MarkoutPnl, Pnl
from quoter.domain.units import NS_PER_S
from quoter.state.attribution import HORIZONS_S, Attribution
from quoter.state.current_instrument import CurrentInstrument
from tests.unit.state.cases import ABC, START_NS

ZERO = Decimal(0)
WIDE = Context(prec=200)  # the test's own precision: it must not round where the code does
SEQUENCES = 10_000
ACTIONS_MAX = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """One event of an attribution, `after_ns` after the one before."""

    after_ns: int
    fill: Fill | None = None
    mid: Decimal | None = None
    coin_price: Decimal | None = None
    base: Decimal = ZERO
    quote: Decimal = ZERO
    paid: Decimal = ZERO


def rests(pnl: Pnl) -> list[Decimal]:
    """The unexplained remainder: in total, and at each horizon by side."""
    sides = pnl.sides.values()
    with localcontext(WIDE):
        found = [pnl.total - (pnl.spread + pnl.inventory - pnl.fees - pnl.funding)]
        for horizon_s in HORIZONS_S:
            earned = pnl.held - pnl.funding
            for side in sides:
                drift = side.horizons[horizon_s]
                earned += side.spread + drift.markout + drift.residual - side.fees
            found.append(pnl.total - earned)
    return found


def do(book: Attribution, happening: Happening, ts_ns: int) -> None:
    if happening.fill is not None:
        book.fill(happening.fill, happening.mid, ts_ns)
        if happening.fill.fee_asset == "BNB" and happening.coin_price is not None:
            book.coin_fee(happening.fill.side, happening.fill.fee, happening.coin_price)
    elif happening.mid is not None:
        book.mark(happening.mid, ts_ns)
    if happening.base or happening.quote:
        book.transfer(base=happening.base, quote=happening.quote)
    if happening.paid:
        book.funding(paid=happening.paid)


class Accountant:
    """An independent calculation from the definitions in deploy/docs/strategy.md."""

    def __init__(self, *, position: Decimal, cash: Decimal) -> None:
        self.position, self.cash = position, cash
        self.flows = [(position, cash, ZERO)]  # base, quote, mark
        self.fills: list[tuple[Side, int, Decimal, Decimal]] = []  # side, ts_ns, size, mark
        self.marks: list[tuple[int, Decimal]] = []
        self.spread = self.inventory = self.fees = self.funding = self.held = ZERO
        self.held_units = position

    @property
    def mark(self) -> Decimal | None:
        return self.marks[-1][1] if self.marks else None

    def see(self, mid: Decimal, ts_ns: int) -> None:
        if self.mark is not None:
            self.inventory += self.position * (mid - self.mark)
            self.held += self.held_units * (mid - self.mark)
        else:
            self.flows = [(base, quote, mid) for base, quote, _ in self.flows]
        self.marks.append((ts_ns, mid))

    def do(self, happening: Happening, ts_ns: int) -> None:
        fill = happening.fill
        if happening.mid is not None:
            self.see(happening.mid, ts_ns)
        elif fill is not None and self.mark is None:
            self.see(fill.price, ts_ns)
        if fill is not None:
            self.book(fill, happening.coin_price, ts_ns)
        self.position += happening.base
        self.held_units += happening.base
        self.cash += happening.quote - happening.paid
        self.funding += happening.paid
        self.flows.append((happening.base, happening.quote, self.mark or ZERO))

    def book(self, fill: Fill, coin_price: Decimal | None, ts_ns: int) -> None:
        assert self.mark is not None
        size = fill.size if fill.side is Side.BUY else -fill.size
        self.spread += size * (self.mark - fill.price)
        self.position += size
        self.cash -= size * fill.price
        match fill.fee_asset:
            case ABC.base:
                self.position -= fill.fee
                self.fees += fill.fee * self.mark
            case ABC.quote:
                self.cash -= fill.fee
                self.fees += fill.fee
            case _:
                self.cash -= fill.fee * (coin_price or ZERO)
                self.fees += fill.fee * (coin_price or ZERO)
        self.fills.append((fill.side, ts_ns, size, self.mark))

    def adverse(self, side: Side, horizon_s: int) -> Decimal:
        """Each fill against the first mark given after it, at or after its horizon."""
        total = ZERO
        for each, ts_ns, size, mark in self.fills:
            if each is side:
                due_ns = ts_ns + horizon_s * NS_PER_S
                later = [mid for at_ns, mid in self.marks if at_ns >= due_ns]
                total += size * ((later or [self.marks[-1][1]])[0] - mark)
        return total

    def total(self) -> Decimal:
        given = sum(base * mark + quote for base, quote, mark in self.flows)
        now = self.position * (self.mark or ZERO) + self.cash
        return now - given if self.mark is not None else -self.funding


# ---------------------------------------------------------------- ten thousand histories


def random_fill(random: Random, number: int) -> Fill:
    size = Decimal(random.randint(1, 10**9)).scaleb(-8)
    return Fill(
        ts_ns=START_NS,
        trade_id=str(number),
        client_id="q1",
        venue_id="",
        side=Side.BUY if random.random() < 0.5 else Side.SELL,
        price=Decimal(random.randint(1, 10**7)).scaleb(-3),
        size=size,
        fee=size * random.randint(-20, 100) / 100_000,
        fee_asset=random.choice(("ABC", "USD", "BNB")),
        is_maker=True,
    )


def random_mid(random: Random) -> Decimal:
    return random.randint(1, 200_000) * Decimal("0.05")


def random_happening(random: Random, number: int) -> Happening:
    after_ns = random.choice((0, 1, 100_000_000, NS_PER_S, 4 * NS_PER_S, 40 * NS_PER_S))
    match random.randrange(8):
        case 0 | 1 | 2:
            return Happening(
                after_ns=after_ns,
                fill=random_fill(random, number),
                mid=random_mid(random) if random.random() < 0.7 else None,
                coin_price=random_mid(random) if random.random() < 0.7 else None,
            )
        case 3 | 4 | 5:
            return Happening(after_ns=after_ns, mid=random_mid(random))
        case 6:
            return Happening(
                after_ns=after_ns,
                base=Decimal(random.randint(-500, 500)).scaleb(-2),
                quote=Decimal(random.randint(-500, 500)).scaleb(-1),
            )
        case _:
            return Happening(after_ns=after_ns, paid=Decimal(random.randint(-500, 500)).scaleb(-2))


def test_the_parts_add_up_to_the_last_digit_at_every_instant() -> None:
    random = Random(0)
    moved = 0
    for _ in range(SEQUENCES):
        position = Decimal(random.randint(-50, 50)).scaleb(-1)
        book = Attribution(CurrentInstrument(ABC), position=position, cash=Decimal(1000))
        ts_ns = START_NS
        for number in range(random.randint(1, ACTIONS_MAX)):
            happening = random_happening(random, number)
            ts_ns += happening.after_ns
            do(book, happening, ts_ns)
            pnl = book.pnl(None if random.random() < 0.7 else random.uniform(1, 10_000))
            assert rests(pnl) == [0, 0, 0, 0], (number, pnl)
            moved += pnl.total != 0
    assert moved > SEQUENCES  # something happens in these histories


# ---------------------------------------------------------------- against the accountant


def scaled(low: int, high: int, digits: int) -> st.SearchStrategy[Decimal]:
    return st.integers(low, high).map(lambda number: Decimal(number).scaleb(-digits))


mids = scaled(1, 10**20, 10)
amounts = scaled(-(10**20), 10**20, 12)
steps_ns = st.integers(0, 40) | st.sampled_from([horizon_s * NS_PER_S for horizon_s in HORIZONS_S])
fills = st.builds(
    Fill,
    ts_ns=st.just(START_NS),
    trade_id=st.just("1"),
    client_id=st.just("q1"),
    venue_id=st.just(""),
    side=st.sampled_from(Side),
    price=mids,
    size=scaled(1, 10**20, 12),
    fee=scaled(-(10**18), 10**18, 14),
    fee_asset=st.sampled_from(["ABC", "USD", "BNB"]),
    is_maker=st.just(True),
)
happenings = st.one_of(
    st.builds(
        Happening,
        after_ns=steps_ns,
        fill=fills,
        mid=st.none() | mids,
        coin_price=st.none() | mids,
    ),
    st.builds(Happening, after_ns=steps_ns, mid=mids),
    st.builds(Happening, after_ns=steps_ns, base=amounts, quote=amounts),
    st.builds(Happening, after_ns=steps_ns, paid=amounts),
)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(history=st.lists(happenings, max_size=15), position=amounts, cash=amounts)
def test_every_part_equals_an_independent_calculation(
    history: list[Happening], position: Decimal, cash: Decimal
) -> None:
    """The total alone would not reveal a wrong part that another wrong part cancels.

    The numbers are wide: with the usual 28 digits their products would be rounded.
    """
    book = Attribution(CurrentInstrument(ABC), position=position, cash=cash)
    accountant = Accountant(position=position, cash=cash)
    ts_ns = START_NS
    for happening in history:
        ts_ns += happening.after_ns
        do(book, happening, ts_ns)
        pnl = book.pnl(None)
        assert rests(pnl) == [0, 0, 0, 0]
        with localcontext(WIDE):
            accountant.do(happening, ts_ns)
            for name in ("spread", "inventory", "fees", "funding", "held"):
                assert getattr(pnl, name) == getattr(accountant, name), name
            assert pnl.total == accountant.total()
            for side, earned in pnl.sides.items():
                for horizon_s, drift in earned.horizons.items():
                    assert drift.markout == accountant.adverse(side, horizon_s)


# ---------------------------------------------------------------- the check itself


def everything() -> Pnl:
    """A history after which no part of the profit is zero."""
    random = Random(7)
    book = Attribution(CurrentInstrument(ABC), position=Decimal(3), cash=Decimal(1000))
    book.mark(Decimal(5_000), START_NS)
    book.funding(paid=Decimal("0.25"))
    book.transfer(base=Decimal("-0.5"), quote=Decimal(40))
    for number, side in enumerate((Side.BUY, Side.SELL) * 3):
        reported = replace(random_fill(random, number), side=side, fee=Decimal("0.002"))
        book.fill(reported, random_mid(random), START_NS + number * NS_PER_S)
        if reported.fee_asset == "BNB":
            book.coin_fee(side, reported.fee, Decimal(600))
    book.mark(Decimal(4_000), START_NS + 40 * NS_PER_S)
    return book.pnl(4_100.0)


def negate_horizon(pnl: Pnl, part: str) -> Pnl:
    buys = pnl.sides[Side.BUY]
    drift = buys.horizons[5]
    negated: MarkoutPnl = replace(drift, **{part: -getattr(drift, part)})
    buys = replace(buys, horizons={**buys.horizons, 5: negated})
    return replace(pnl, sides={**pnl.sides, Side.BUY: buys})


def negate_side(pnl: Pnl, part: str) -> Pnl:
    sells = pnl.sides[Side.SELL]
    sells = replace(sells, **{part: -getattr(sells, part)})
    return replace(pnl, sides={**pnl.sides, Side.SELL: sells})


def negate(pnl: Pnl, part: str) -> Pnl:
    return replace(pnl, **{part: -getattr(pnl, part)})


@pytest.mark.parametrize(
    ("negate", "part"),
    [
        *((negate, part) for part in ("total", "spread", "inventory", "fees", "funding", "held")),
        *((negate_side, part) for part in ("spread", "fees")),
        *((negate_horizon, part) for part in ("markout", "residual")),
    ],
)
def test_wrong_sign_in_one_part_is_detected(negate: Callable[[Pnl, str], Pnl], part: str) -> None:
    pnl = everything()
    assert rests(pnl) == [0, 0, 0, 0]
    assert any(rests(negate(pnl, part)))
