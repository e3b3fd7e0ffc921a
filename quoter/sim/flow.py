"""Flow of a simulated symbol: moves of the mid, public takers, scripts."""

from collections.abc import Sequence
from dataclasses import replace
from math import ceil, floor, sqrt
from random import Random

from quoter.domain.market import Side
from quoter.domain.units import NS_PER_S
from quoter.sim.background import RandomBackground
from quoter.sim.market import Market
from quoter.sim.matching import Hit, cut, pieces
from quoter.sim.moves import Moves
from quoter.sim.real_like import Activity
from quoter.sim.scripts import CALM, Jump, Run, Script, Sweep, combine
from quoter.sim.takers import Taker, Takers

STEP_NS = 50_000_000  # time grid of the mid and the background
SCRIPTS_MAX = 16  # at the same time on one symbol


class Flow:
    """Advances one market in time, one event per `step`.

    The mid is constant between points of the time grid. So exactly intensity * exp(-kappa * d)
    takers per second reach a quote at distance d >= 0 from it. The walk, the takers and the details
    have separate random streams: orders of accounts change neither the price path nor the arrivals.
    In a real-like market (`MarketSpec.real`) the mid moves rarely, each time with a taker who
    trades through the book up to the new mid, and activity changes with time.
    """

    def __init__(
        self, market: Market, random_background: RandomBackground, *, seed: str, now_ns: int
    ) -> None:
        spec = market.spec
        self._market = market
        self._background = random_background
        self._walk = Random(f"{seed}:walk")
        self._takers = Takers(spec, Random(f"{seed}:takers"))
        self._details = Random(f"{seed}:details")
        self._scripted = Random(f"{seed}:scripts")
        self._conditions = CALM
        self._runs: list[Run] = []
        self._next_step_ns = now_ns + STEP_NS
        self.mid = float(spec.mid)
        self.next_ns = 0
        self._activity: Activity | None = None
        self._moves: Moves | None = None
        if spec.real is not None:
            self._activity = Activity(spec.real, Random(f"{seed}:activity"), now_ns)
            self._conditions = self._activity.conditions(now_ns)
            self._moves = Moves(spec.real, spec.sigma, self._walk)
        self._takers.draw_arrival(now_ns, self._conditions)
        self._move_background(now_ns)
        self._find_next()

    def start(self, script: Script, at_ns: int) -> None:
        """Add a script. Raises ValueError if too many run already."""
        if len(self._runs) >= SCRIPTS_MAX:
            raise ValueError(f"{self._market.spec.symbol}: {SCRIPTS_MAX} scripts run already")
        self._runs.append(script.start(at_ns, self._scripted))
        self._find_next()

    def step(self) -> None:
        """Process the event at `next_ns`."""
        now_ns = self.next_ns
        if now_ns == self._next_step_ns:
            self._advance_mid(now_ns)
            self._next_step_ns += STEP_NS
        elif now_ns == self._takers.next_ns:
            self._take(self._takers.take(self._conditions), now_ns)
        else:
            self._act(now_ns)
        self._find_next()

    def _find_next(self) -> None:
        self.next_ns = min(self._next_step_ns, self._takers.next_ns)
        for run in self._runs:
            self.next_ns = min(self.next_ns, run.next_ns)

    def _advance_mid(self, now_ns: int) -> None:
        if self._runs or self._activity is not None:
            self._update_conditions(now_ns)
        spec, conditions, seconds = self._market.spec, self._conditions, STEP_NS / NS_PER_S
        drift, volatility = conditions.drift * self.mid * seconds, conditions.volatility
        if self._moves is not None:
            self.mid += drift
            for move in self._moves.during(now_ns, seconds, self.mid, volatility):
                self._sweep(move, now_ns)
        else:
            spread = spec.sigma * volatility * sqrt(seconds)
            self.mid += drift + spread * self._walk.gauss(0.0, 1.0)
        if (level := self._background.redraw_level()) is not None:
            self._touch(*level)
        self._move_background(now_ns)

    def _sweep(self, move: float, now_ns: int) -> None:
        """Move the mid by `move` (price units); first a taker trades up to the new mid."""
        self.mid += move
        side = Side.BUY if move > 0 else Side.SELL
        if not self._market.is_halted:
            if hits := self._reached(side, 0.0):
                self._trade(hits, side, now_ns)
                self._takers.on_move(side, now_ns)
            self._move_background(now_ns)

    def _update_conditions(self, now_ns: int) -> None:
        self._runs = [run for run in self._runs if not run.is_over(now_ns)]
        present = [run.conditions(now_ns) for run in self._runs]
        if self._activity is not None:
            present.append(self._activity.conditions(now_ns))
        conditions = combine(present)
        if conditions != self._conditions:
            self._conditions = conditions
            self._takers.draw_arrival(now_ns, conditions)

    def _move_background(self, now_ns: int) -> None:
        grid, spec = self._market.grid, self._market.spec
        self.mid = max(self.mid, grid.tick_float)  # a price stays above zero
        spread = max(1, round(spec.spread_ticks * self._conditions.spread))
        bid = max(1, floor(self.mid / grid.tick_float - spread / 2 + 0.5))
        kappa = self._conditions.kappa
        for side, ticks in self._background.move(bid, bid + spread, kappa=kappa):
            self._touch(side, ticks)
        self._market.uncross(now_ns)
        self._market.commit(now_ns)

    def _touch(self, side: Side, ticks: int) -> None:
        """Publish a changed level of the background, and update the queue positions there."""
        self._market.publisher.touch(side, ticks)
        shown = self._background.lots_at(side, ticks)
        for resting in self._market.book.at(side, ticks):
            if resting.queue is not None:
                resting.queue.on_shown(shown)

    def _reached(self, side: Side, reach: float) -> Sequence[Hit]:
        """Return all that a taker of this side can trade within `reach` of the mid, best first."""
        ticks = (self.mid + side.sign * reach) / self._market.grid.tick_float
        limit = floor(ticks) if side is Side.BUY else ceil(ticks)
        return self._market.reached(side, limit_ticks=limit)

    def _take(self, taker: Taker, now_ns: int) -> None:
        """Let a taker trade with account orders and background levels within its reach.

        A taker whose reach ends before the first of them does not trade.
        """
        if self._market.is_halted:
            return
        hits = self._reached(taker.side, taker.reach)
        if self._market.spec.real is not None:
            hits = cut(hits, taker.lots)
        else:
            hits = self._ended(hits, taker.lots)
        self._trade(hits, taker.side, now_ns, pieces_factor=taker.pieces)

    def _trade(
        self, hits: Sequence[Hit], taker: Side, now_ns: int, *, pieces_factor: float = 1.0
    ) -> None:
        """Trade with `hits`; update the background and the queue positions."""
        real, side = self._market.spec.real, taker.opposite
        if real is not None:
            hits = pieces(
                hits,
                order_lots=real.order_lots / pieces_factor,
                order_tail=real.trade_tail,
                split_share=real.split_share,
                rng=self._details,
            )
        self._market.trade(hits, taker, now_ns)
        for hit in hits:
            if hit.resting is None:
                self._background.traded(side, hit.ticks, hit.lots)
                self._market.publisher.touch(side, hit.ticks)
                for resting in self._market.book.at(side, hit.ticks):
                    if resting.queue is not None:
                        resting.queue.on_trade(hit.lots)
        self._market.commit(now_ns)

    def _ended(self, hits: Sequence[Hit], lots: int) -> Sequence[Hit]:
        """Return those of the reached hits that the taker trades with.

        If the last hit is a level of the background, at most `lots` of it are traded. Of the takers
        that reach an account order, a share `partial_share` fills the last such order only in part.
        """
        orders = sum(hit.resting is not None for hit in hits)
        if orders and self._details.random() < self._market.spec.partial_share:
            while hits[-1].resting is None:
                hits = hits[:-1]
            lots = self._details.randint(1, max(1, hits[-1].lots - 1))
        elif not hits or hits[-1].resting is not None:
            return hits
        return *hits[:-1], replace(hits[-1], lots=min(lots, hits[-1].lots))

    def _act(self, now_ns: int) -> None:
        for run in self._runs:
            if run.next_ns != now_ns:
                continue
            match run.act(self._scripted):
                case Sweep(side=side, notional=notional):
                    if not self._market.is_halted:
                        units = self._market.grid.units(notional)
                        reached = self._market.reached(side, units_max=units)
                        self._trade(reached, side, now_ns)
                case Jump(fraction=fraction):
                    self.mid *= 1.0 + fraction
                    self._move_background(now_ns)
                case None:
                    pass
