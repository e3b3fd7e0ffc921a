"""Public takers of a simulated symbol: time, side, reach and size."""

from heapq import heappop, heappush
from math import exp
from random import Random
from typing import NamedTuple

from quoter.domain.market import Side
from quoter.domain.units import NEVER_NS, NS_PER_S
from quoter.sim.messages import MarketSpec
from quoter.sim.scripts import Conditions

FOLLOW_S_MIN = 0.001  # shortest wait of a follower
FOLLOWERS_MAX = 1_000  # limit of followers that are due; beyond it none is added


class Taker(NamedTuple):
    """A public taker. `reach`: largest distance from the mid at which it trades, price units.

    pieces: multiple of the usual number of prints of its trade; a taker and its followers have the
    same.
    """

    side: Side
    reach: float
    lots: int  # largest size at the last price that it reaches
    pieces: float = 1.0


class Takers:
    """Poisson takers. In a real-like market each may draw followers, so that takers come in bursts.

    Followers draw followers too: a self-exciting process (Hawkes, 1971) with a kernel of 1/wait
    between FOLLOW_S_MIN and `follow_s`. These followers are part of the intensity. Followers of a
    move of the mid are added to it.
    """

    def __init__(self, spec: MarketSpec, rng: Random) -> None:
        self._spec, self._real, self._rng = spec, spec.real, rng
        self._first = 1.0 - spec.real.followers if spec.real is not None else 1.0
        self._best = (spec.spread_ticks + 1) / 2.0 * float(spec.tick)  # reaches the best price
        self._arrival_ns = NEVER_NS
        self._followers: list[tuple[int, int, Taker | None]] = []  # heap; the number breaks ties
        self._count = 0

    @property
    def next_ns(self) -> int:
        """Time of the next taker; NEVER_NS if there is none."""
        return min(self._arrival_ns, self._followers[0][0]) if self._followers else self._arrival_ns

    def draw_arrival(self, now_ns: int, conditions: Conditions) -> None:
        """Draw the next arrival anew.

        A Poisson process has no memory, so that is valid at any time.
        """
        rate = self._spec.intensity * self._first * (conditions.buys + conditions.sells)
        if rate > 0:
            wait_s = self._rng.expovariate(rate)
            self._arrival_ns = now_ns + max(1, round(wait_s * NS_PER_S))
        else:
            self._arrival_ns = NEVER_NS

    def take(self, conditions: Conditions) -> Taker:
        """Return the taker who comes at `next_ns`, and draw the next arrival."""
        now_ns, same = self.next_ns, None
        if self._followers and self._followers[0][0] == now_ns:
            same = heappop(self._followers)[2]
        else:
            self._arrival_ns = NEVER_NS
        taker = same or self._draw(conditions)
        if self._arrival_ns == NEVER_NS:
            self.draw_arrival(now_ns, conditions)
        self._follow(taker, now_ns)
        return taker

    def on_move(self, side: Side, now_ns: int) -> None:
        """Add followers of a taker on this side who moved the mid; they add to the intensity."""
        self._follow(Taker(side, self._best, self._lots(), self._pieces()), now_ns)

    def _draw(self, conditions: Conditions) -> Taker:
        share = conditions.buys / (conditions.buys + conditions.sells)
        side = Side.BUY if self._rng.random() < share else Side.SELL
        real = self._real
        if real is not None and self._rng.random() < real.at_best:
            return Taker(side, self._best, self._lots())
        reach = self._rng.expovariate(self._spec.kappa * conditions.kappa)
        return Taker(side, reach, self._lots(), self._pieces())

    def _pieces(self) -> float:
        real = self._real
        return exp(real.pieces_tail * self._rng.gauss(0.0, 1.0)) if real is not None else 1.0

    def _lots(self) -> int:
        real = self._real
        if real is None:
            return 1 + int(self._rng.expovariate(4 / self._spec.depth_lots))
        return 1 + int(real.trade_lots * exp(real.trade_tail * self._rng.gauss(0.0, 1.0)))

    def _follow(self, taker: Taker, now_ns: int) -> None:
        """Draw the followers of a taker: a Poisson number, with log-uniform waits."""
        real = self._real
        if real is None:
            return
        passed = self._rng.expovariate(1.0)
        while passed < real.followers and len(self._followers) < FOLLOWERS_MAX:
            passed += self._rng.expovariate(1.0)
            wait_s = FOLLOW_S_MIN * (real.follow_s / FOLLOW_S_MIN) ** self._rng.random()
            due_ns = now_ns + round(wait_s * NS_PER_S)
            is_same = self._rng.random() < real.same
            follower = taker._replace(lots=self._lots()) if is_same else None
            self._count += 1
            heappush(self._followers, (due_ns, self._count, follower))
