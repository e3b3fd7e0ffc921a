"""The daemon's engine on a recorded market, in virtual time and without orders."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from math import inf

import msgspec

from quoter.domain.events import BookSnapshot, FeedUp, Tick, TopOfBook, Trade
from quoter.domain.instrument import Instrument
from quoter.domain.market import Bar, Evidence, RecentTrade, SavedCalibration, Stream
from quoter.domain.units import NS_PER_MS, NS_PER_S, S_PER_NS
from quoter.engine.config import ActivityPolicy, BookPolicy, EngineConfig, PricingConfig
from quoter.engine.engine import Engine
from quoter.pricing.estimators.volatility import rogers_satchell
from quoter.recording.engine_state import load
from quoter.risk.view import Limits
from quoter.studies.tapes.recording import Recording

TICK_NS = 100 * NS_PER_MS  # as in the daemon
LONG_TICK_NS = 500 * NS_PER_MS  # on captures longer than LONG_S: five times as fast
LONG_S = 3_600.0
LOTS_MAX = 10  # order sizes in the inventory limit
TRADES_MAX, BARS_MAX, BAR_S = 500, 120, 60.0  # what the daemon asks the venue for at its start
NEVER_NS = 10**18
ONE, MANY = Decimal(1), Decimal(10**12)


def first_start(recording: Recording, at_s: float) -> PricingConfig:
    """Return the pricing configuration of a first start: priors from the time before `at_s`.

    As at a venue, priors come from the newest trades and from finished one-minute bars. At the
    beginning of the recording there are none, and the engine observes the market first.
    """
    before = recording.events[: recording.index(at_s)]
    trades = [event for event in before if isinstance(event, Trade)]
    bars = _bars(trades, recording.start_ns, recording.start_ns + round(at_s * NS_PER_S))
    newest = trades[-TRADES_MAX:]
    return PricingConfig(
        sigma_prior=rogers_satchell(bars, bar_s=BAR_S),
        recent_trades=tuple(RecentTrade(one.ts_ns, one.taker, one.price) for one in newest),
    )


def later_start(kept: SavedCalibration) -> PricingConfig:
    """Return the pricing configuration of a start with an earlier run's calibration."""
    return PricingConfig(
        sigma_prior=kept.sigma,
        kappa_prior=kept.kappa,
        intensity_prior=kept.intensity,
        prior_evidence=Evidence(kept.seconds, kept.reaches),
    )


def play(
    recording: Recording,
    pricing: PricingConfig,
    *,
    from_s: float = 0.0,
    until_s: float = inf,
    state: msgspec.Raw | None = None,
) -> Iterator[tuple[float, Engine]]:
    """Yield seconds since the start of the recording, and the engine, after every tick.

    state: that of an engine which has played the recording until `from_s`, to go on from.
    """
    engine = Engine(_config(recording, pricing))
    first = max(recording.index(from_s), 1)
    now_ns = recording.start_ns + round(from_s * NS_PER_S)
    tick_ns = LONG_TICK_NS if recording.seconds > LONG_S else TICK_NS
    if state is not None:
        load(engine, state)
    else:
        book = next(e for e in reversed(recording.events[:first]) if isinstance(e, TopOfBook))
        engine.handle(FeedUp(ts_ns=now_ns, stream=Stream.MARKET))
        engine.handle(BookSnapshot(ts_ns=now_ns, last=1, bids=(book.bid,), asks=(book.ask,)))
    for event in recording.events[first:]:
        while now_ns + tick_ns <= event.ts_ns:
            now_ns += tick_ns
            t_s = (now_ns - recording.start_ns) * S_PER_NS
            if t_s > until_s:
                return
            engine.handle(Tick(ts_ns=now_ns))
            yield t_s, engine
        engine.handle(event)


def _config(recording: Recording, pricing: PricingConfig) -> EngineConfig:
    """Return a configuration without orders and without the limits that stop quoting."""
    instrument = Instrument(
        symbol=recording.name,
        venue_symbol=recording.name,
        base="BASE",
        quote="QUOTE",
        tick=recording.tick,
        lot=Decimal("1E-8"),
        size_min=Decimal("1E-8"),
        size_max=MANY,
        notional_min=Decimal(0),
        fee_maker=Decimal(0),
    )
    limits = Limits(
        inventory_max=LOTS_MAX * ONE,
        size_max=MANY,
        notional_max=MANY,
        price_collar=ONE,
        loss_max=MANY,
        drawdown_max=MANY,
        book_spread_max=ONE,
    )
    activity = ActivityPolicy(
        price_jump=0.0, quote_drift=0.0, creates_per_min=600, creates_per_fill=0, turnover_max=inf
    )
    return EngineConfig(
        instrument=instrument,
        id_prefix="q00tape",
        own_prefix="q00",
        limits=limits,
        activity=activity,
        creates_per_s=10.0,
        book=BookPolicy(stale_ns=NEVER_NS, unseen_ns=NEVER_NS),
        order_size=ONE,
        target=Decimal(0),
        opening={"BASE": Decimal(0), "QUOTE": MANY},
        is_dry=True,
        pricing=pricing,
    )


def _bars(trades: Sequence[Trade], start_ns: int, end_ns: int) -> list[Bar]:
    """Return the newest finished bars with a trade, oldest first."""
    bar_ns, bars = round(BAR_S * NS_PER_S), dict[int, Bar]()
    for trade in trades:
        number, price = (trade.ts_ns - start_ns) // bar_ns, trade.price
        bar = bars.get(number, Bar(price, price, price, price))
        bars[number] = Bar(bar.open, max(bar.high, price), min(bar.low, price), price)
    finished = [bar for number, bar in bars.items() if (number + 1) * bar_ns + start_ns <= end_ns]
    return finished[-BARS_MAX:]
