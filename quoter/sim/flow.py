"""Flow of a simulated symbol: random walk of the mid, Poisson takers, scripts."""

from collections.abc import Sequence
from dataclasses import replace
from math import ceil, floor, sqrt
from random import Random

from quoter.domain.market import Side
from quoter.domain.units import NS_PER_S
from quoter.sim.background import RandomBackground
from quoter.sim.market import Market
from quoter.sim.matching import Hit
from quoter.sim.scripts import CALM, NEVER_NS, Jump, Run, Script, Sweep, combine

STEP_NS = 50_000_000  # time grid of the mid and the background
SCRIPTS_MAX = 16  # at the same time on one symbol


class Flow:
    """Advances one market in time, one event per `step`.

    The mid is constant between points of the time grid, so a quote at distance d from it is
    reached by exactly intensity * exp(-kappa * d) takers per second, d >= 0. The walk, the takers
    and the details have separate random streams: orders of accounts change neither the price path
    nor who arrives.
    """

    def __init__(
        self, market: Market, random_background: RandomBackground, *, seed: str, now_ns: int
    ) -> None:
        spec = market.spec
        self._market = market
        self._background = random_background
        self._walk = Random(f"{seed}:walk")
        self._takers = Random(f"{seed}:takers")
        self._details = Random(f"{seed}:details")
        self._scripted = Random(f"{seed}:scripts")
        self._conditions = CALM
        self._runs: list[Run] = []
        self._next_step_ns = now_ns + STEP_NS
        self._next_taker_ns = NEVER_NS
        self.mid = float(spec.mid)
        self.next_ns = 0
        self._draw_arrival(now_ns)
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
        elif now_ns == self._next_taker_ns:
            self._take(now_ns)
            self._draw_arrival(now_ns)
        else:
            self._act(now_ns)
        self._find_next()

    def _find_next(self) -> None:
        self.next_ns = min(self._next_step_ns, self._next_taker_ns)
        for run in self._runs:
            self.next_ns = min(self.next_ns, run.next_ns)

    def _advance_mid(self, now_ns: int) -> None:
        if self._runs:
            self._update_conditions(now_ns)
        spec, conditions, seconds = self._market.spec, self._conditions, STEP_NS / NS_PER_S
        spread = spec.sigma * conditions.volatility * sqrt(seconds)
        self.mid += conditions.drift * self.mid * seconds + spread * self._walk.gauss(0.0, 1.0)
        side, ticks = self._background.redraw_level()
        self._market.publisher.touch(side, ticks)
        self._move_background(now_ns)

    def _update_conditions(self, now_ns: int) -> None:
        self._runs = [run for run in self._runs if not run.is_over(now_ns)]
        conditions = combine(run.conditions(now_ns) for run in self._runs)
        if conditions != self._conditions:
            self._conditions = conditions
            self._draw_arrival(
                now_ns
            )  # a Poisson process: drawing again with the new rate is exact

    def _move_background(self, now_ns: int) -> None:
        grid, spec = self._market.grid, self._market.spec
        self.mid = max(self.mid, grid.tick_float)  # a price stays above zero
        spread = max(1, round(spec.spread_ticks * self._conditions.spread))
        bid = max(1, floor(self.mid / grid.tick_float - spread / 2 + 0.5))
        kappa = self._conditions.kappa
        for side, ticks in self._background.move(bid, bid + spread, kappa=kappa):
            self._market.publisher.touch(side, ticks)
        self._market.uncross(now_ns)
        self._market.commit(now_ns)

    def _draw_arrival(self, now_ns: int) -> None:
        conditions = self._conditions
        rate = self._market.spec.intensity * (conditions.buys + conditions.sells)
        if rate > 0:
            wait_s = self._takers.expovariate(rate)
            self._next_taker_ns = now_ns + max(1, round(wait_s * NS_PER_S))
        else:
            self._next_taker_ns = NEVER_NS

    def _take(self, now_ns: int) -> None:
        """Draw a taker with side and reach; it trades through all that is in the book within it.

        These are account orders and levels of the background, which refill at once. A taker whose
        reach ends before the first of them does not trade.
        """
        spec, conditions = self._market.spec, self._conditions
        share = conditions.buys / (conditions.buys + conditions.sells)
        side = Side.BUY if self._takers.random() < share else Side.SELL
        reach = self._takers.expovariate(spec.kappa * conditions.kappa)
        lots = 1 + int(self._takers.expovariate(4 / spec.depth_lots))
        if self._market.is_halted:
            return
        ticks = (self.mid + side.sign * reach) / self._market.grid.tick_float
        limit = floor(ticks) if side is Side.BUY else ceil(ticks)
        reached = self._market.reached(side, limit_ticks=limit)
        self._trade(self._ended(reached, lots), side, now_ns)

    def _trade(self, hits: Sequence[Hit], taker: Side, now_ns: int) -> None:
        """Trade with these; the levels of the background among them get a new size at once."""
        self._market.trade(hits, taker, now_ns)
        for hit in hits:
            if hit.resting is None:
                self._background.refill(taker.opposite, hit.ticks)
                self._market.publisher.touch(taker.opposite, hit.ticks)
        self._market.commit(now_ns)

    def _ended(self, hits: Sequence[Hit], lots: int) -> Sequence[Hit]:
        """Return what a taker trades of all that it reaches.

        The last level yields `lots` at most. Some takers end within the last account order.
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
