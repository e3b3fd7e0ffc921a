"""Several makers on the same paths, each with its own protections.

Arrays have one row per maker and one column per path. Markout costs and side cooldowns are the
daemon's rules for arrays; unit tests compare them with the daemon's classes.
"""

from dataclasses import dataclass
from functools import cache
from math import log

import numpy as np
import numpy.typing as npt

from quoter.domain.units import BPS
from quoter.pricing.estimators import markout, side_cooldown
from quoter.studies.common.estimates import Numbers
from quoter.studies.common.flows import Flows
from quoter.studies.common.market import FAIR, INTENSITY, KAPPA, SIGMA, study_maker
from quoter.studies.common.quotes import offsets
from quoter.studies.toxic.market import NO_TAKER, STEP_S, Tape

HORIZON_STEPS = round(markout.COST_HORIZON_S / STEP_S)
NEVER = -np.inf
PASSED_HALF_SPREADS = 2.0  # distance of a trade beyond our price that starts a trade cooldown
BID, ASK = 1.0, -1.0
RING = 16  # own fills of a side that are remembered; there are at most 11 in a second
LIMITS_MAX = 64
BISECTIONS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Protection:
    """Protections of a maker against toxic flow, beyond the model."""

    name: str
    has_widening: bool = False
    has_alpha: bool = False
    has_raw_alpha: bool = False  # alpha of flow that is not divided by its standard deviation
    has_markout: bool = False
    has_fill_cooldown: bool = False  # after a burst of own fills, as in the daemon
    has_trade_cooldown: bool = False  # after a public trade far beyond our price, not in the daemon


class MarkoutCosts:
    """`Markouts.cost` of one side for arrays, before its bound of two half-spreads."""

    def __init__(self, shape: tuple[int, int], sign: float) -> None:
        """Measure one side; sign: BID or ASK."""
        self._sign = sign
        self._total, self._weight, self._t_s = np.zeros(shape), np.zeros(shape), np.zeros(shape)

    def mature(self, t_s: float, fills: Numbers, then: Numbers, now: Numbers) -> None:
        """Record fills (1 or 0) whose horizon ended.

        then, now: fair value at the fill and at the end of the horizon, price.
        """
        which = np.nonzero(fills)
        if not which[0].size:
            return
        path = which[1]
        earned_bps = self._sign * (now[path] - then[path]) / then[path] / BPS
        left = markout.FILL_KEPT * _left(t_s - self._t_s[which])
        self._total[which] = self._total[which] * left + earned_bps
        self._weight[which] = self._weight[which] * left + 1.0
        self._t_s[which] = t_s

    def cost(self, t_s: float, fair: Numbers) -> Numbers:
        """Return the cost of the side, price, without bound."""
        left = _left(t_s - self._t_s)
        mean_bps = self._total * left / (self._weight * left + markout.PRIOR_FILLS)
        return np.maximum(mean_bps * (-BPS * fair), 0.0)


@cache
def _rates_by_limit() -> tuple[float, ...]:
    """Return the highest rates of takers with burst limits of 4, 5, …"""
    rates = []
    for limit in range(4, LIMITS_MAX):
        low, high = 0.0, float(LIMITS_MAX)
        for _ in range(BISECTIONS):
            rate = (low + high) / 2.0
            is_below = side_cooldown.burst_takers(rate) <= limit
            low, high = (rate, high) if is_below else (low, rate)
        rates.append(low)
    return tuple(rates)


def burst_fills(rate: Numbers) -> Numbers:
    """Return `side_cooldown.burst_takers` for arrays; rate: takers/s."""
    return np.searchsorted(np.array(_rates_by_limit()), rate).astype(np.float64) + 4.0


class CooldownArrays:
    """`SideCooldown` of one side for arrays; `burst` and `trades` select the makers per trigger."""

    def __init__(
        self, shape: tuple[int, int], sign: float, *, burst: Numbers, trades: Numbers
    ) -> None:
        """Cool down one side; sign: BID or ASK.

        burst, trades: columns with 1 for makers that use this trigger, else 0.
        """
        self._sign = sign
        self._burst, self._trades = burst[:, 0], trades
        self._fills = np.full((RING, *shape), NEVER)
        self._since = np.full(shape, NEVER)
        self._recent, self._recent_s = np.zeros(shape), np.zeros(shape)

    def _recent_fills(self, t_s: float) -> Numbers:
        passed_s = np.where(np.isfinite(self._since), 0.0, t_s - self._recent_s)
        return self._recent * np.exp(-passed_s / side_cooldown.RECENT_S)

    def surely_at_least(self, t_s: float) -> Numbers:
        """Return the recent rate of own fills minus one standard deviation, 1/s."""
        rate = self._recent_fills(t_s) / side_cooldown.RECENT_S
        return np.maximum(0.0, rate - np.sqrt(rate / (2.0 * side_cooldown.RECENT_S)))

    def on_fill(self, t_s: float, fills: Numbers, rate: Numbers, other: Numbers) -> None:
        """Record own fills (1 or 0).

        rate: expected fills/s of this side; other: `surely_at_least` of the other side.
        """
        self._recent = self._recent_fills(t_s) + fills
        self._recent_s = np.where(np.isfinite(self._since), self._recent_s, t_s)
        self._recent_s = np.where(fills > 0.0, t_s, self._recent_s)
        row, path = np.nonzero(fills)
        last = np.roll(self._fills[:, row, path], -1, axis=0)
        last[-1] = t_s
        self._fills[:, row, path] = last
        count = np.sum(t_s - last <= side_cooldown.BURST_S, axis=0)
        limit = burst_fills(np.maximum(rate, other)[row, path])
        hit = (count >= limit) & (self._burst[row] > 0.0)
        self._since[row[hit], path[hit]] = t_s

    def on_trade(self, t_s: float, passed: Numbers, half: Numbers) -> None:
        """Record how far (price) public trades went beyond our orders; start cooldowns."""
        hit = (passed > PASSED_HALF_SPREADS * half) & (self._trades > 0.0)
        self._since[hit] = t_s

    def is_cooling_down(self, t_s: float, x: Numbers) -> npt.NDArray[np.bool_]:
        """Whether the side is in cooldown; x: the flow's signal, > 0 while takers buy."""
        age = t_s - self._since
        is_calm = -self._sign * x < side_cooldown.CALM
        is_over = (age >= side_cooldown.COOLDOWNS_MAX * side_cooldown.COOLDOWN_S) | (
            (age >= side_cooldown.COOLDOWN_S) & is_calm
        )
        self._recent_s = np.where(is_over & np.isfinite(self._since), t_s, self._recent_s)
        self._since[is_over] = NEVER
        return np.asarray(np.isfinite(self._since))


class Quoters:
    """All makers, advanced together along a tape."""

    def __init__(self, protections: tuple[Protection, ...], paths: int) -> None:
        shape = (len(protections), paths)

        def switch(name: str) -> Numbers:
            return np.array([[1.0 if getattr(p, name) else 0.0] for p in protections])

        self._maker = study_maker()
        flat = offsets(self._maker, fair=FAIR, sigma=SIGMA, lots=np.zeros(1))
        self._half = float(flat.half)
        self._flows = Flows(paths, step_s=STEP_S)
        self._raw_flows = Flows(paths, step_s=STEP_S, is_standardised=False)
        self._widening, self._markout = switch("has_widening"), switch("has_markout")
        self._alpha, self._raw_alpha = switch("has_alpha"), switch("has_raw_alpha")
        burst, trades = switch("has_fill_cooldown"), switch("has_trade_cooldown")
        self._cooldowns = [
            CooldownArrays(shape, sign, burst=burst, trades=trades) for sign in (BID, ASK)
        ]
        self._costs = [MarkoutCosts(shape, sign) for sign in (BID, ASK)]
        self._recent = np.zeros((2, HORIZON_STEPS, *shape))  # own fills, by step, not yet mature
        self.lots, self.profit, self.peak = np.zeros(shape), np.zeros(shape), np.zeros(shape)
        self.drawdown, self.square_lots = np.zeros(shape), np.zeros(shape)
        self.fills, self.markout = np.zeros(shape), np.zeros(shape)

    def run(self, tape: Tape) -> None:
        """Run along the whole tape; afterwards the public arrays hold the results."""
        for step in range(tape.buys.shape[0]):
            self._mature(step, tape.mid)
            filled = self._trade(step, tape)
            self._recent[:, step % HORIZON_STEPS] = filled
            self._mark(filled, tape.mid[step + 1] - tape.mid[step])
        self.square_lots /= tape.buys.shape[0]

    def _mature(self, step: int, mid: Numbers) -> None:
        """Measure the fills whose horizon of 5 s is over."""
        if step < HORIZON_STEPS:
            return
        now, then = mid[step], mid[step - HORIZON_STEPS]
        recent = self._recent[:, step % HORIZON_STEPS]
        for costs, fills in zip(self._costs, recent, strict=True):
            costs.mature(step * STEP_S, fills, then, now)
        self.markout += (recent[0] - recent[1]) * (now - then)

    def _trade(self, step: int, tape: Tape) -> list[Numbers]:
        """Quote, and return the fills (1 or 0) of bid and ask."""
        t_s, mid = step * STEP_S, tape.mid[step]
        buys, sells = tape.buys[step], tape.sells[step]
        x, raw_x = self._flows.signal(step, mid), self._raw_flows.signal(step, mid)
        alpha = self._alpha * self._flows.alpha(x, self._half)
        alpha += self._raw_alpha * self._raw_flows.alpha(raw_x, self._half)
        quoted = offsets(
            self._maker,
            fair=FAIR,
            sigma=SIGMA,
            lots=self.lots,
            alpha=alpha,
            markout_cost_bid=self._markout * self._costs[0].cost(t_s, mid),
            markout_cost_ask=self._markout * self._costs[1].cost(t_s, mid),
            beta=self._widening,
        )
        filled = []
        recent = [cooldown.surely_at_least(t_s) for cooldown in self._cooldowns]
        for cooldown, distance, reach, other in zip(
            self._cooldowns, (quoted.bid, quoted.ask), (sells, buys), recent[::-1], strict=True
        ):
            is_filled = (reach >= distance) & np.logical_not(cooldown.is_cooling_down(t_s, x))
            self.profit[is_filled] += distance[is_filled]
            fills = is_filled.astype(np.float64)
            cooldown.on_fill(t_s, fills, INTENSITY * np.exp(-KAPPA * distance), other)
            cooldown.on_trade(t_s, np.where(reach > NO_TAKER, reach - distance, NEVER), quoted.half)
            filled.append(fills)
        bought, sold = (buys > NO_TAKER).astype(np.float64), (sells > NO_TAKER).astype(np.float64)
        self._flows.trade(bought, sold)
        self._raw_flows.trade(bought, sold)
        return filled

    def _mark(self, filled: list[Numbers], move: Numbers) -> None:
        """Book fills and the mid's move on the inventory."""
        self.lots += filled[0] - filled[1]
        self.fills += filled[0] + filled[1]
        self.profit += self.lots * move
        self.square_lots += self.lots**2
        self.peak = np.maximum(self.peak, self.profit)
        self.drawdown = np.maximum(self.drawdown, self.peak - self.profit)


def _left(seconds: Numbers) -> Numbers:
    """Return the decay of a side's markouts over `seconds`."""
    return np.asarray(np.exp(seconds * (-log(2.0) / markout.HALF_LIFE_S)))
