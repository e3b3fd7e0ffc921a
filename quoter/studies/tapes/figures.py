"""Figures of the calibration on one recorded market, each with what it must be."""

from collections.abc import Iterator, Sequence
from copy import replace
from math import ceil, exp, inf, isnan, log, nan
from statistics import median
from typing import NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt

from quoter.domain.market import SavedCalibration
from quoter.domain.quotes import PricingInputs
from quoter.domain.trading import Regime
from quoter.domain.units import BPS
from quoter.engine.config import PricingConfig
from quoter.engine.engine import Engine
from quoter.pricing.quote.shape import QuoteShape
from quoter.pricing.quote.terms import quote_terms
from quoter.recording.engine_state import dump
from quoter.studies.common.estimates import Numbers
from quoter.studies.tapes.measured import TOLERANCE, Mids
from quoter.studies.tapes.onsets import (
    ERRORS,
    ONSETS_MAX,
    StepOnset,
    first_move_s,
    median_error,
    takers_needed,
    times,
    undecided_jump,
)
from quoter.studies.tapes.player import first_start, later_start, play
from quoter.studies.tapes.recording import Recording

SKIP_S = 60.0  # time after a start while estimates rest on priors
LEARNED_S = 600.0  # after a start; or SHARE of the time that is left, if that is shorter
SHARE = 0.8
STARTS_MAX = 12
LATER_S = 600.0  # of a later start, before its slope is compared; or what is left
DISTANCES_BP = (0.5, 1.0, 2.0, 5.0, 10.0)
REACHES_MIN = 50  # windows in which takers reached a distance; with fewer there is no verdict
STEP_FACTOR, STEP_S = 3.0, 60.0  # step of activity, and the time to settle after it
STEP_SPAN_S = 120.0  # of each level
SETTLED = 0.2
JUMP_FACTOR, JUMP_WIDE_S, JUMP_REDUCE_S = 5.0, 15.0, 60.0
HOUR_S = 3_600.0
CEILING = 0.99  # of kappa * slope, whose upper bound is 1


class Figure(NamedTuple):
    """One line of the table; `low` and `high` bound what the values must be.

    onsets: the values of the single onsets, where `values` has their median. undecided: why the
    data of this recording can't decide it; empty if they can.
    """

    tape: str
    what: str
    values: tuple[float, ...]
    low: float
    high: float
    onsets: tuple[float, ...] = ()
    undecided: str = ""

    @property
    def must_be(self) -> str:
        """The bounds as text."""
        if self.low == -inf:
            return f"<= {self.high:g}"
        return f">= {self.low:g}" if self.high == inf else f"{self.low:g} to {self.high:g}"

    @property
    def verdict(self) -> str:
        """`ok`, `OFF` or `not decidable`; empty if no value is known on this tape."""
        if self.undecided:
            return "not decidable"
        known = [value for value in self.values if not isnan(value)]
        if not known:
            return ""
        return "ok" if all(self.low <= value <= self.high for value in known) else "OFF"


class Second(NamedTuple):
    """The engine's figures at one second; prices quote/base, None while unknown."""

    t_s: float
    sigma: float | None
    usual: float | None
    level: Regime
    kappa_slope: float | None
    effective: float | None  # gamma in use over the gamma of the learned estimates
    inputs: PricingInputs | None  # of the latest quote
    half_spread: float | None
    rates: tuple[float, ...]  # takers/s per side at DISTANCES_BP
    takers: int  # since the start, who came far enough to count


class _Onsets(NamedTuple):
    """The figures of the usual market, and time and engine state at each onset."""

    looks: list[Second]
    jumps: list[tuple[float, msgspec.Raw]]
    steps: list[tuple[float, msgspec.Raw]]


def seconds(
    recording: Recording,
    pricing: PricingConfig,
    *,
    from_s: float = 0.0,
    until_s: float = inf,
    state: msgspec.Raw | None = None,
) -> Iterator[tuple[Second, Engine]]:
    """Play the recording; yield the engine's figures, and the engine itself, once a second."""
    due_s = from_s
    played = play(recording, pricing, from_s=from_s, until_s=until_s, state=state)
    for t_s, engine in played:
        if t_s >= due_s:
            due_s = t_s + 1.0 - 1e-6
            yield _look(t_s, engine), engine


def _look(t_s: float, engine: Engine) -> Second:
    calibration, estimate = engine.calibration, engine.calibration.estimate
    terms, mid, view = engine.quoting.latest.terms, engine.market.mid, engine.regime.view
    kappa_slope = None
    rates: tuple[float, ...] = ()
    if estimate is not None and calibration.sigma is not None and mid is not None:
        # Prices lie on ticks, mids on half ticks: a quote is at a distance that exists.
        half_tick = engine.config.instrument.tick_float / 2.0
        rates = tuple(
            min(estimate.rate, estimate.intensity * exp(-estimate.kappa * half_tick * steps))
            for steps in (ceil(bp * BPS * mid / half_tick - TOLERANCE) for bp in DISTANCES_BP)
        )
    if terms is not None:
        kappa_slope = terms.inputs.kappa * terms.slope
    return Second(
        t_s,
        calibration.sigma,
        view.sigma_usual,
        view.level,
        kappa_slope,
        calibration.gamma_ratio,
        terms.inputs if terms is not None else None,
        terms.half_spread if terms is not None else None,
        rates,
        calibration.learned.reaches if calibration.learned is not None else 0,
    )


def figures(recording: Recording, *, onsets_max: int = ONSETS_MAX) -> list[Figure]:
    """Return all figures of one recording; onsets_max: onsets of steps and jumps that are tried."""
    pricing = first_start(recording, 0.0)
    onsets = _onsets(recording, pricing, onsets_max)
    whole = onsets.looks
    return [
        *_volatility(recording, whole),
        *_regime(recording, whole),
        *_starts(recording),
        *_intensity(recording, whole),
        *_jump(recording, pricing, onsets),
        *_step(recording, pricing, onsets),
    ]


def _volatility(recording: Recording, looks: Sequence[Second]) -> list[Figure]:
    name, tape = recording.name, Mids(recording)
    warm = [look for look in looks if look.t_s >= SKIP_S]
    sigma = np.array([look.sigma or nan for look in warm])
    usual = np.array([look.usual or nan for look in warm])
    times, whole = np.array([look.t_s for look in warm]), tape.realised()
    around = tape.realised_around(times, HOUR_S)
    too_low, too_low_around = _share(sigma < whole / 2), _share(sigma < around / 2)
    typical = float(np.nanmedian(usual)) / whole
    return [
        Figure(name, "sigma / realised, r.m.s.", (_rms(sigma) / whole,), 0.85, 1.15),
        Figure(name, "time with sigma < half of the realised", (too_low,), -inf, 0.05),
        Figure(name, "the same, realised in the hour around", (too_low_around,), -inf, 0.05),
        Figure(name, "usual sigma / realised, median", (typical,), 0.5, 1.5),
    ]


def _regime(recording: Recording, looks: Sequence[Second]) -> list[Figure]:
    normal, wide, reduce = (
        _share(np.array([look.level is level for look in looks])) for level in Regime
    )
    return [
        Figure(recording.name, "time in NORMAL", (normal,), 0.75, inf),
        Figure(recording.name, "time in WIDE", (wide,), -inf, 0.25),
        Figure(recording.name, "time in REDUCE_ONLY", (reduce,), -inf, 0.02),
    ]


def _starts(recording: Recording) -> list[Figure]:
    """Return figures of first starts; each is followed by a start with its saved calibration."""
    effective, ratios, ceiling = list[float](), list[float](), list[float]()
    for from_s in _start_times(recording):
        at_s = from_s + min(LEARNED_S, SHARE * (recording.seconds - from_s))
        until_s = min(at_s + LATER_S, recording.seconds)
        looks, gamma = list[Second](), nan
        kept: SavedCalibration | None = None
        for look, engine in seconds(
            recording, first_start(recording, from_s), from_s=from_s, until_s=until_s
        ):
            looks.append(look)
            if kept is None and look.t_s >= at_s:
                kept, gamma = engine.calibration.learned, look.effective or nan
        effective.append(gamma)
        known = [look.kappa_slope for look in looks if look.kappa_slope is not None]
        ceiling.append(_share(np.array(known[: round(at_s - from_s)]) > CEILING))
        if kept is None:
            continue
        later = [
            look.kappa_slope
            for look, _ in seconds(recording, later_start(kept), from_s=at_s, until_s=until_s)
            if look.kappa_slope is not None
        ]
        if later and known:
            ratios.append(later[-1] / known[-1])
    name = recording.name
    return [
        Figure(name, "effective gamma at first starts", tuple(effective), 0.8, 1.25),
        Figure(name, "slope after a later start / after the first", tuple(ratios), 1 / 1.2, 1.2),
        Figure(name, "time with the slope at its ceiling", tuple(ceiling), -inf, 0.1),
    ]


def _start_times(recording: Recording) -> list[float]:
    """Return the times of first starts, s, evenly spaced; the first is the beginning."""
    length_s = 2 * (LEARNED_S + LATER_S)
    count = min(STARTS_MAX, max(1, round(recording.seconds / length_s)))
    return [start * recording.seconds / count for start in range(count)]


def _intensity(recording: Recording, looks: Sequence[Second]) -> list[Figure]:
    """Return expected over measured rates of takers, from the time when they are learned."""
    begin_s = min(LEARNED_S, recording.seconds / 2)
    measured, counts = Mids(recording).reaches(begin_s, DISTANCES_BP)
    late = [look.rates for look in looks if look.t_s >= begin_s and look.rates]
    expected = np.mean(np.array(late), axis=0)
    return [
        Figure(
            recording.name,
            f"takers at {distance:g} bp, expected / measured",
            (float(mean / rate) if count >= REACHES_MIN else nan,),
            0.7,
            1.3,
        )
        for distance, mean, rate, count in zip(
            DISTANCES_BP, expected, measured, counts, strict=True
        )
    ]


def _onsets(recording: Recording, pricing: PricingConfig, onsets_max: int) -> _Onsets:
    """Return the usual course of the market, and the engine's states at all onsets."""
    span_s = _step_span_s(recording)
    first_s = min(LEARNED_S, recording.seconds / 3)
    jumps = times(first_s, recording.seconds - JUMP_REDUCE_S - 1.0, onsets_max)
    steps = times(first_s, recording.seconds - 2 * span_s - 1.0, onsets_max)
    due, looks = sorted({*jumps, *steps}), list[Second]()
    states: dict[float, tuple[float, msgspec.Raw]] = {}
    for look, engine in seconds(recording, pricing):
        looks.append(look)
        while due and look.t_s >= due[0]:
            states[due.pop(0)] = look.t_s, dump(engine)
    return _Onsets(
        looks,
        [states[due_s] for due_s in jumps if due_s in states],
        [states[due_s] for due_s in steps if due_s in states],
    )


def _jump(recording: Recording, pricing: PricingConfig, onsets: _Onsets) -> list[Figure]:
    """Return times until the regime has found a jump of volatility."""
    usual = {look.t_s: look.level for look in onsets.looks}
    wide, reduce, moves = list[float](), list[float](), list[float]()
    for at_s, state in onsets.jumps:
        if usual[at_s] is not Regime.NORMAL:
            continue
        end_s = at_s + JUMP_REDUCE_S
        jumped = recording.first(end_s + 1.0).scaled(at_s, end_s + 1.0, JUMP_FACTOR)
        found = dict.fromkeys((Regime.WIDE, Regime.REDUCE_ONLY), inf)
        for t_s, engine in play(jumped, pricing, from_s=at_s, until_s=end_s, state=state):
            for level in found:
                if engine.regime.view.level >= level:
                    found[level] = min(found[level], t_s - at_s)
        wide.append(found[Regime.WIDE])
        reduce.append(found[Regime.REDUCE_ONLY])
        moves.append(first_move_s(recording, at_s))
    what = f"seconds until a volatility x{JUMP_FACTOR:g} is found"
    name = recording.name
    return [
        _found(name, f"{what}: WIDE", wide, moves, JUMP_WIDE_S),
        _found(name, f"{what}: REDUCE_ONLY", reduce, moves, JUMP_REDUCE_S),
    ]


def _found(
    name: str, what: str, found: Sequence[float], moves: Sequence[float], limit_s: float
) -> Figure:
    """Return the median over the onsets after which the mid moves within the limit."""
    usable = tuple(
        one for one, move_s in zip(found, moves, strict=True) if move_s <= limit_s
    ) or tuple(found)
    values = (median(usable),) if usable else (nan,)
    return Figure(name, what, values, -inf, limit_s, usable, undecided_jump(moves, limit_s))


def _step(recording: Recording, pricing: PricingConfig, onsets: _Onsets) -> list[Figure]:
    """Return the half-spread after prices move in larger steps, and after that has ended."""
    usual = {round(look.t_s): look for look in onsets.looks}
    last = onsets.looks[-1]
    per_s = last.takers / recording.seconds
    found: dict[str, list[StepOnset]] = {"up": [], "down": []}
    span_s = _step_span_s(recording)
    for at_s, state in onsets.steps:
        end_s = at_s + 2 * span_s
        stepped = recording.first(end_s + 1.0).scaled(at_s, at_s + span_s, STEP_FACTOR)
        looks = [
            look for look, _ in seconds(stepped, pricing, from_s=at_s, until_s=end_s, state=state)
        ]
        for which, begin_s, factor in (("up", at_s, STEP_FACTOR), ("down", at_s + span_s, 1.0)):
            within = [look for look in looks if begin_s <= look.t_s < begin_s + span_s]
            settled = [
                look.half_spread / wanted
                for look in within
                if look.t_s >= begin_s + STEP_S
                and look.half_spread is not None
                and (before := usual.get(round(look.t_s))) is not None
                and (wanted := _stationary(look, before, factor)) is not None
            ]
            if settled:
                takers = within[len(within) * 3 // 4].takers - within[0].takers
                found[which].append(StepOnset(at_s, _mean(settled), takers))
    divergence = {
        "up": STEP_FACTOR - 1.0 - log(STEP_FACTOR),
        "down": 1.0 / STEP_FACTOR - 1.0 + log(STEP_FACTOR),
    }
    return [
        _settled(
            recording,
            which,
            reached,
            takers_needed(per_s=per_s, divergence=divergence[which], tolerance=SETTLED),
        )
        for which, reached in found.items()
    ]


def _settled(recording: Recording, which: str, found: Sequence[StepOnset], needed: float) -> Figure:
    """Return the median over the onsets with enough takers; of all, if none has."""
    what = f"half-spread / stationary, from {STEP_S:g} s after steps x{STEP_FACTOR:g}: {which}"
    low, high = 1.0 - SETTLED, 1.0 + SETTLED
    usable = [onset for onset in found if onset.takers >= needed]
    ratios = tuple(onset.ratio for onset in usable or found)
    value, reason = (median(ratios) if ratios else nan), ""
    error = median_error(usable, 2 * _step_span_s(recording))
    if found and not usable:
        seen = median(onset.takers for onset in found)
        reason = f"{seen:.0f} takers since the step, {needed:.0f} are needed to tell"
    elif max(low - value, value - high) > 0.0 and (
        low - ERRORS * error <= value <= high + ERRORS * error
    ):
        reason = f"misses by less than {ERRORS:g} standard errors of {error:.2f}"
    return Figure(recording.name, what, (value,), low, high, ratios, reason)


def _step_span_s(recording: Recording) -> float:
    """Seconds of each level of a step; a quarter of a short recording."""
    return min(STEP_SPAN_S, recording.seconds / 4)


def _stationary(look: Second, before: Second, factor: float) -> float | None:
    """Return the half-spread with the usual market's estimates, scaled, and the gamma of now.

    None while one of the two has no quote.
    """
    now, inputs = look.inputs, before.inputs
    if now is None or inputs is None:
        return None
    scaled = replace(
        inputs,
        sigma=inputs.sigma * factor,
        kappa=inputs.kappa / factor,
        gamma_lot=now.gamma_lot,
    )
    return quote_terms(scaled, QuoteShape()).half_spread


def _rms(values: Numbers) -> float:
    return float(np.sqrt(np.nanmean(values**2)))


def _share(flags: npt.NDArray[np.bool_]) -> float:
    return float(flags.mean()) if flags.size else nan


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else nan
