"""Scripted flow on top of the random market: a retail burst, an informed trader, a crash."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from math import exp, inf
from random import Random
from typing import NamedTuple, Protocol

from quoter.domain.market import Side
from quoter.domain.units import BPS, NEVER_NS, NS_PER_S

SLICES_MAX = 10_000  # largest number of slices of one burst


@dataclass(frozen=True, slots=True, kw_only=True)
class Conditions:
    """Effect of a running script on the market: multipliers, and a drift (fraction per second)."""

    volatility: float = 1.0
    drift: float = 0.0
    buys: float = 1.0
    sells: float = 1.0
    kappa: float = 1.0
    spread: float = 1.0


CALM = Conditions()


def combine(several: Iterable[Conditions]) -> Conditions:
    """Return the joint conditions: product of the multipliers, sum of the drifts."""
    total = CALM
    for one in several:
        total = Conditions(
            volatility=total.volatility * one.volatility,
            drift=total.drift + one.drift,
            buys=total.buys * one.buys,
            sells=total.sells * one.sells,
            kappa=total.kappa * one.kappa,
            spread=total.spread * one.spread,
        )
    return total


@dataclass(frozen=True, slots=True, kw_only=True)
class Sweep:
    """Trade through the other side's shown levels until `notional` (quote currency) is spent."""

    side: Side
    notional: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Jump:
    """Jump of the mid. `fraction`: of the mid, signed."""

    fraction: float


class Run(Protocol):
    """A running script."""

    next_ns: int  # time of the next `act`; NEVER_NS if there is none

    def act(self, rng: Random) -> Sweep | Jump | None:
        """Return the action that is due at `next_ns` (None: no action), and set the next time."""

    def conditions(self, now_ns: int) -> Conditions:
        """Return the conditions at this time."""

    def is_over(self, now_ns: int) -> bool:
        """Whether no action or condition follows."""


class Script(Protocol):
    """Scripted flow that can be started on a simulated symbol."""

    def start(self, at_ns: int, rng: Random) -> Run:
        """Return a run that starts at `at_ns`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Burst:
    """Retail burst: `notional` (quote) in `slices` equal market orders, `every_s` seconds apart."""

    side: Side
    notional: Decimal
    slices: int = 1
    every_s: float = 1.0

    def __post_init__(self) -> None:
        is_sound = self.notional.is_finite() and self.notional > 0 and 0 <= self.every_s < inf
        if not (is_sound and 1 <= self.slices <= SLICES_MAX):
            raise ValueError(f"burst parameters out of domain: {self}")

    def start(self, at_ns: int, rng: Random) -> Run:  # noqa: ARG002 - common signature of scripts; nothing random here
        return _BurstRun(self, at_ns)


class _BurstRun:
    def __init__(self, script: Burst, at_ns: int) -> None:
        self._script = script
        self._left = script.slices
        self.next_ns = at_ns

    def act(self, rng: Random) -> Sweep:  # noqa: ARG002 - common signature of scripts
        script = self._script
        self._left -= 1
        if self._left:
            self.next_ns += round(script.every_s * NS_PER_S)
        else:
            self.next_ns = NEVER_NS
        return Sweep(side=script.side, notional=script.notional / script.slices)

    def conditions(self, now_ns: int) -> Conditions:  # noqa: ARG002 - common signature of scripts
        return CALM

    def is_over(self, now_ns: int) -> bool:  # noqa: ARG002 - common signature of scripts
        return not self._left


@dataclass(frozen=True, slots=True, kw_only=True)
class InformedTrader:
    """Informed trader: trades more from `lead_s` before the price drifts in its direction.

    A burst lasts `length_s` on average. The next one begins `every_s` on average after the end of
    this one's drift (both exponential). The price drifts by `drift_bps` of the mid per second.
    `flow` multiplies the takers of the burst's side.
    """

    bursts: int = 1
    side: Side | None = None  # None: random for each burst
    every_s: float = 120.0
    length_s: float = 15.0
    lead_s: float = 2.0
    drift_bps: float = 1.2
    flow: float = 5.0

    def __post_init__(self) -> None:
        if not (
            self.bursts >= 1
            and 0 < self.every_s < inf
            and 0 < self.length_s < inf
            and 0 <= self.lead_s < inf
            and 0 <= self.flow < inf
            and abs(self.drift_bps) < inf
        ):
            raise ValueError(f"informed trader parameters out of domain: {self}")

    def start(self, at_ns: int, rng: Random) -> Run:  # noqa: ARG002 - common signature of scripts; bursts draw later
        return _InformedRun(self, at_ns)


class _InformedRun:
    def __init__(self, script: InformedTrader, at_ns: int) -> None:
        self._script = script
        self._left = script.bursts
        self._side = Side.BUY
        self._flow_ns = (0, 0)
        self._drift_ns = (0, 0)
        self.next_ns = at_ns

    def act(self, rng: Random) -> None:
        script = self._script
        chosen = Side.BUY if rng.random() < 0.5 else Side.SELL
        self._side = script.side or chosen
        start_ns = self.next_ns
        length_ns = round(rng.expovariate(1 / script.length_s) * NS_PER_S)
        lead_ns = round(script.lead_s * NS_PER_S)
        self._flow_ns = start_ns, start_ns + length_ns
        self._drift_ns = start_ns + lead_ns, start_ns + lead_ns + length_ns
        self._left -= 1
        pause_ns = round(rng.expovariate(1 / script.every_s) * NS_PER_S)
        self.next_ns = self._drift_ns[1] + pause_ns if self._left else NEVER_NS

    def conditions(self, now_ns: int) -> Conditions:
        script, side = self._script, self._side
        flow = script.flow if self._flow_ns[0] <= now_ns < self._flow_ns[1] else 1.0
        drift = 0.0
        if self._drift_ns[0] <= now_ns < self._drift_ns[1]:
            drift = side.sign * script.drift_bps * BPS
        return Conditions(
            drift=drift,
            buys=flow if side is Side.BUY else 1.0,
            sells=flow if side is Side.SELL else 1.0,
        )

    def is_over(self, now_ns: int) -> bool:
        return not self._left and now_ns >= self._drift_ns[1]


class Phase(NamedTuple):
    """A phase of a crash, from `begin_s` on."""

    begin_s: float
    has_jumps: bool
    conditions: Conditions


def _phase(begin_s: float, row: tuple[float, ...], *, has_jumps: bool = False) -> Phase:
    volatility, drift_bps, sells, buys, kappa, spread = row
    conditions = Conditions(
        volatility=volatility,
        drift=drift_bps * BPS,
        sells=sells,
        buys=buys,
        kappa=kappa,
        spread=spread,
    )
    return Phase(begin_s, has_jumps, conditions)


# Columns: volatility x, drift bp/s, sells x, buys x, kappa x, spread x. The crash of 10 October
# 2025: forty minutes compressed into eight.
PHASES = (
    _phase(0, (4, -3, 5, 0.6, 0.5, 2)),
    _phase(30, (10, -10, 10, 0.3, 0.15, 8), has_jumps=True),
    _phase(120, (14, -10, 6, 0.3, 0.05, 25), has_jumps=True),
    _phase(180, (6, 2.7, 1.5, 3, 0.3, 6)),
)
AFTERMATH_S = 480.0
AFTERMATH_DECAY_S = 600.0
CRASH_ENDS_S = AFTERMATH_S + 5 * AFTERMATH_DECAY_S  # the remaining effect is below two percent
JUMP_DOWN_RATE, JUMP_DOWN_BPS = 1 / 15, 40.0
JUMP_UP_RATE, JUMP_UP_BPS = 1 / 30, 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Crash:
    """Crash in five phases: onset, cascade, vacuum, rebound, aftermath.

    time_scale: speed. Drift and the rate of jumps are multiplied by it, so that the price falls as
    far. The other multipliers are unchanged, and hold for a time divided by it.
    """

    time_scale: float = 1.0

    def __post_init__(self) -> None:
        if not 0 < self.time_scale < inf:
            raise ValueError(f"crash parameters out of domain: {self}")

    def start(self, at_ns: int, rng: Random) -> Run:
        return _CrashRun(self.time_scale, at_ns, rng)


class _CrashRun:
    def __init__(self, time_scale: float, at_ns: int, rng: Random) -> None:
        self._scale = time_scale
        self._start_ns = at_ns
        first_s = next(phase.begin_s for phase in PHASES if phase.has_jumps)
        self.next_ns = at_ns + round(first_s / time_scale * NS_PER_S)
        self._draw_jump(rng)

    def act(self, rng: Random) -> Jump | None:
        phase = self._phase(self._elapsed_s(self.next_ns))
        if phase is None or not phase.has_jumps:
            self.next_ns = NEVER_NS
            return None
        self._draw_jump(rng)
        is_down = rng.random() < JUMP_DOWN_RATE / (JUMP_DOWN_RATE + JUMP_UP_RATE)
        mean_bps = JUMP_DOWN_BPS if is_down else JUMP_UP_BPS
        size = rng.expovariate(1 / mean_bps) * BPS
        return Jump(fraction=-min(size, 0.5) if is_down else size)

    def conditions(self, now_ns: int) -> Conditions:
        elapsed_s = self._elapsed_s(now_ns)
        if elapsed_s < 0:
            return CALM
        phase = self._phase(elapsed_s)
        if phase is None:
            fade = exp(-(elapsed_s - AFTERMATH_S) / AFTERMATH_DECAY_S)
            return Conditions(volatility=1 + 2 * fade, kappa=1 - 0.5 * fade, spread=1 + 2 * fade)
        hard = phase.conditions
        return Conditions(
            volatility=hard.volatility,
            drift=hard.drift * self._scale,
            buys=hard.buys,
            sells=hard.sells,
            kappa=hard.kappa,
            spread=hard.spread,
        )

    def is_over(self, now_ns: int) -> bool:
        return self._elapsed_s(now_ns) >= CRASH_ENDS_S

    def _elapsed_s(self, now_ns: int) -> float:
        return (now_ns - self._start_ns) / NS_PER_S * self._scale

    def _phase(self, elapsed_s: float) -> Phase | None:
        """Return the phase at `elapsed_s` after the onset; None in the aftermath."""
        if elapsed_s >= AFTERMATH_S:
            return None
        return next(phase for phase in reversed(PHASES) if phase.begin_s <= elapsed_s)

    def _draw_jump(self, rng: Random) -> None:
        rate = (JUMP_DOWN_RATE + JUMP_UP_RATE) * self._scale
        self.next_ns += max(1, round(rng.expovariate(rate) * NS_PER_S))
