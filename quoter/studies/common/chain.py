"""Inventory as a Markov chain: exact long-run profit and risk of a maker, without sampling.

A state is an inventory in lots; a transition is a fill, or a fill with the hedge that follows it.
"""

from dataclasses import dataclass
from math import sqrt

import numpy as np
import numpy.typing as npt

from quoter.studies.common.estimates import Numbers

type Indices = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """Markov chain: transition i goes from state source[i] to sink[i].

    - rate: 1/s, of each transition
    - gain: of each transition, price * lots; without the mid's moves
    - lots: inventory of each state
    """

    lots: Numbers
    source: Indices
    sink: Indices
    rate: Numbers
    gain: Numbers

    @property
    def generator(self) -> Numbers:
        """The generator: rates from row to column, 1/s; rows sum to zero."""
        return self.weighted(np.ones_like(self.rate))

    def weighted(self, weight: Numbers) -> Numbers:
        """Return the generator with each rate to another state multiplied by its `weight`."""
        size = self.lots.size
        matrix = np.zeros((size, size))
        np.add.at(matrix, (self.source, self.sink), self.rate * weight)
        np.add.at(matrix, (self.source, self.source), -self.rate)
        return matrix


@dataclass(frozen=True, slots=True, kw_only=True)
class Stationary:
    """Long-run figures per second; certainty_rate: growth of the certainty equivalent."""

    law: Numbers  # share of time in each state
    mean_rate: float
    sd_rate: float  # per sqrt(second)
    certainty_rate: float
    sd_lots: float
    limit_share: float  # of time in the first or last state
    fills_rate: float
    relaxation_s: float


def birth_death(
    lots: Numbers, bid: Numbers, ask: Numbers, *, kappa: float, intensity: float
) -> Chain:
    """Return the chain of a maker of one lot with fill rate intensity * exp(-kappa * distance).

    bid, ask: distances from the mid (price) at each of `lots` (whole steps, ascending); infinite:
    not quoted. The bid of the last state and the ask of the first are never quoted.
    """
    index = np.arange(lots.size)
    up, down = index[:-1], index[1:]
    up, down = up[np.isfinite(bid[:-1])], down[np.isfinite(ask[1:])]
    gain = np.concatenate([bid[up], ask[down]])
    return Chain(
        lots=lots,
        source=np.concatenate([up, down]),
        sink=np.concatenate([up + 1, down - 1]),
        rate=intensity * np.exp(-kappa * gain),
        gain=gain,
    )


def stationary_law(generator: Numbers) -> Numbers:
    """Return the share of time in each state, by Grassmann, Taksar and Heyman's elimination.

    It has no subtractions, so even a share of 1e-15 has full precision.
    """
    rates = generator - np.diag(np.diag(generator))
    size = len(rates)
    for last in range(size - 1, 0, -1):
        rates[:last, last] /= rates[last, :last].sum()
        rates[:last, :last] += np.outer(rates[:last, last], rates[last, :last])
    law = np.ones(size)
    for state in range(1, size):
        law[state] = law[:state] @ rates[:state, state]
    return np.asarray(law / law.sum())


def stationary(chain: Chain, *, sigma: float, gamma: float) -> Stationary:
    """Return the long-run figures of a chain without absorbing states; the mid is a random walk.

    sigma: price/sqrt(s); gamma: 1/(price*lots). The variance rate comes from Poisson's equation
    (the central limit theorem), the certainty rate from the top eigenvalue of the tilted generator.
    """
    generator = chain.generator
    law = stationary_law(generator)
    weight = law[chain.source] * chain.rate
    mean = float(weight @ chain.gain)
    earned = np.bincount(chain.source, chain.rate * chain.gain, minlength=chain.lots.size)
    value = np.linalg.lstsq(np.vstack([generator, law]), np.append(mean - earned, 0.0), rcond=None)[
        0
    ]
    jumps = chain.gain + value[chain.sink] - value[chain.source]
    variance = float(sigma**2 * (law @ chain.lots**2) + weight @ jumps**2)
    tilted = chain.weighted(np.exp(-gamma * chain.gain))
    tilted += np.diag(0.5 * (gamma * sigma * chain.lots) ** 2)
    modes = np.sort(np.linalg.eigvals(generator).real)[::-1]
    return Stationary(
        law=law,
        mean_rate=mean,
        sd_rate=sqrt(variance),
        certainty_rate=-float(np.linalg.eigvals(tilted).real.max()) / gamma,
        sd_lots=sqrt(float(law @ chain.lots**2)),
        limit_share=float(law[0] + law[-1]),
        fills_rate=float(weight.sum()),
        relaxation_s=-1.0 / float(modes[1]),
    )


def passage_s(chain: Chain, *, start: float, within: float) -> float:
    """Return the mean seconds from `start` lots until |inventory| is at most `within` lots.

    `start` must be farther out than `within`.
    """
    outside = np.abs(chain.lots) > within
    left = chain.generator[np.ix_(outside, outside)]
    times = np.linalg.solve(left, -np.ones(int(outside.sum())))
    return float(times[chain.lots[outside] == start][0])


def transition(chain: Chain, seconds: float) -> Numbers:
    """Return the probabilities of moving from row to column in `seconds`, by squaring.

    A short step is expanded in powers of the generator (all terms positive after uniformisation),
    then squared as often as needed.
    """
    generator = chain.generator
    fastest = float(-np.diag(generator).min())
    doublings = max(0, int(np.ceil(np.log2(max(fastest * seconds, 1e-12)))))
    step = fastest * seconds / 2**doublings
    jump = np.eye(len(generator)) + generator / fastest
    term = np.eye(len(generator)) * np.exp(-step)
    result = term.copy()
    for order in range(1, 40):  # step <= 1: the fortieth term is below 1e-47
        term = term @ jump * (step / order)
        result += term
    for _ in range(doublings):
        result = result @ result
    return np.asarray(result / result.sum(axis=1, keepdims=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ruler:
    """Cumulative rates of all transitions, ordered by state; used to draw the next transition."""

    sink: Indices
    gain: Numbers
    ends: Numbers
    starts: Numbers  # by state
    leaving: Numbers  # total rate out of each state

    @classmethod
    def of(cls, chain: Chain) -> "_Ruler":
        order = np.lexsort((chain.sink, chain.source))
        source, rate = chain.source[order], chain.rate[order]
        states = np.arange(chain.lots.size)
        ends = np.cumsum(rate)
        return cls(
            sink=chain.sink[order],
            gain=chain.gain[order],
            ends=ends,
            starts=np.concatenate([[0.0], ends])[np.searchsorted(source, states)],
            leaving=np.bincount(source, rate, minlength=states.size),
        )

    def draw(self, state: Indices, rng: np.random.Generator) -> Indices:
        """Draw one transition per path, with probability proportional to its rate."""
        at = self.starts[state] + rng.random(state.size) * self.leaving[state]
        return np.minimum(np.searchsorted(self.ends, at), self.ends.size - 1)


def walk(
    chain: Chain,
    *,
    sigma: float,
    warm_s: float,
    seconds: float,
    rng: np.random.Generator,
    paths: int,
) -> dict[str, Numbers]:
    """Simulate `paths` makers along the chain, fill by fill, starting flat.

    Returns per path, over `seconds` after `warm_s`: profit (mid moves included, price * lots),
    square_lots (mean over time), limit_share and fills.
    """
    ruler, last = _Ruler.of(chain), chain.lots.size - 1
    state = np.full(paths, int(np.argmin(np.abs(chain.lots))))
    clock, end = np.zeros(paths), warm_s + seconds
    names = ("profit", "square_lots", "limit_share", "fills")
    out = {name: np.zeros(paths) for name in names}
    while bool((clock < end).any()):
        wait = rng.exponential(size=paths) / ruler.leaving[state]
        until = np.minimum(clock + wait, end)
        held = np.maximum(until - np.maximum(clock, warm_s), 0.0)
        lots = chain.lots[state]
        out["profit"] += lots * sigma * np.sqrt(held) * rng.standard_normal(paths)
        out["square_lots"] += lots**2 * held
        out["limit_share"] += np.where((state == 0) | (state == last), held, 0.0)
        taken = ruler.draw(state, rng)
        clock = clock + wait
        moved = clock < end
        counted = moved & (clock >= warm_s)
        out["profit"] += np.where(counted, ruler.gain[taken], 0.0)
        out["fills"] += counted
        state = np.where(moved, ruler.sink[taken], state)
    for name in ("square_lots", "limit_share"):
        out[name] /= seconds
    return out


def advance(chain: Chain, state: Indices, seconds: float, rng: np.random.Generator) -> Indices:
    """Return each path's state `seconds` later, simulated fill by fill; indices of chain.lots."""
    ruler = _Ruler.of(chain)
    state, clock = state.copy(), np.zeros(state.size)
    while True:
        clock += rng.exponential(size=state.size) / ruler.leaving[state]
        moving = clock < seconds
        if not bool(moving.any()):
            return state
        taken = ruler.draw(state, rng)
        state = np.where(moving, ruler.sink[taken], state)
