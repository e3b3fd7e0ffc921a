"""Figures of the calibration on one recorded market, each with what it must be."""

from collections.abc import Iterator, Sequence
from copy import replace
from math import ceil, exp, inf, isnan, nan
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from quoter.domain.market import SavedCalibration
from quoter.domain.quotes import PricingInputs
from quoter.domain.trading import Regime
from quoter.domain.units import BPS
from quoter.engine.config import PricingConfig
from quoter.engine.engine import Engine
from quoter.pricing.quote.normalisation import References, gamma_lot
from quoter.pricing.quote.shape import QuoteShape
from quoter.pricing.quote.terms import quote_terms
from quoter.studies.common.estimates import Numbers
from quoter.studies.tapes.measured import TOLERANCE, Mids
from quoter.studies.tapes.player import LOTS_MAX, first_start, later_start, play
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
    """One line of the table; `low` and `high` bound what the values must be."""

    tape: str
    what: str
    values: tuple[float, ...]
    low: float
    high: float

    @property
    def must_be(self) -> str:
        """The bounds as text."""
        if self.low == -inf:
            return f"<= {self.high:g}"
        return f">= {self.low:g}" if self.high == inf else f"{self.low:g} to {self.high:g}"

    @property
    def verdict(self) -> str:
        """`ok` or `OFF`; empty if no value is known on this tape."""
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


def seconds(
    recording: Recording, pricing: PricingConfig, *, from_s: float = 0.0, until_s: float = inf
) -> Iterator[tuple[Second, Engine]]:
    """Play the recording; yield the engine's figures, and the engine itself, once a second."""
    due_s = from_s
    for t_s, engine in play(recording, pricing, from_s=from_s, until_s=until_s):
        if t_s >= due_s:
            due_s = t_s + 1.0 - 1e-6
            yield _look(t_s, engine), engine


def _look(t_s: float, engine: Engine) -> Second:
    calibration, estimate = engine.calibration, engine.calibration.estimate
    terms, mid, view = engine.quoting.latest.terms, engine.market.mid, engine.regime.view
    effective = kappa_slope = None
    rates: tuple[float, ...] = ()
    if estimate is not None and calibration.sigma is not None and mid is not None:
        if (kept := calibration.learned) is not None:
            known = References(sigma=kept.sigma, kappa=kept.kappa, intensity=kept.intensity)
            solved = gamma_lot(ghat=1.0, lots_max=LOTS_MAX, references=known)
            effective = calibration.gamma_lot / solved
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
        effective,
        terms.inputs if terms is not None else None,
        terms.half_spread if terms is not None else None,
        rates,
    )


def figures(recording: Recording) -> list[Figure]:
    """Return all figures of one recording."""
    whole = [look for look, _ in seconds(recording, first_start(recording, 0.0))]
    return [
        *_volatility(recording, whole),
        *_regime(recording, whole),
        *_starts(recording),
        *_intensity(recording, whole),
        *_jump(recording),
        *_step(recording),
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


def _jump(recording: Recording) -> list[Figure]:
    """Return the seconds until the regime reports a volatility jump in the middle of the tape."""
    at_s = recording.seconds / 2
    jumped = recording.scaled(at_s, recording.seconds, JUMP_FACTOR)
    wide_s = reduce_s = inf
    from_s = max(0.0, at_s - LEARNED_S)
    for look, _ in seconds(
        jumped, first_start(recording, from_s), from_s=from_s, until_s=at_s + 2 * JUMP_REDUCE_S
    ):
        if look.t_s >= at_s and look.level >= Regime.WIDE:
            wide_s = min(wide_s, look.t_s - at_s)
        if look.t_s >= at_s and look.level is Regime.REDUCE_ONLY:
            reduce_s = min(reduce_s, look.t_s - at_s)
    what = f"seconds until a volatility x{JUMP_FACTOR:g} is found"
    return [
        Figure(recording.name, f"{what}: WIDE", (wide_s,), -inf, JUMP_WIDE_S),
        Figure(recording.name, f"{what}: REDUCE_ONLY", (reduce_s,), -inf, JUMP_REDUCE_S),
    ]


def _step(recording: Recording) -> list[Figure]:
    """Return the half-spread while prices move in larger steps, and afterwards."""
    length_s = min(STEP_SPAN_S, recording.seconds / 4)
    up_s = min(LEARNED_S + SKIP_S, recording.seconds / 2 - length_s)
    down_s, end_s = up_s + length_s, up_s + 2 * length_s
    usual = {round(look.t_s): look for look, _ in _until(recording, end_s)}
    stepped = recording.scaled(up_s, down_s, STEP_FACTOR)
    ratios: dict[float, list[float]] = {up_s: [], down_s: []}
    for look, _ in _until(stepped, end_s):
        begin_s, factor = (up_s, STEP_FACTOR) if look.t_s < down_s else (down_s, 1.0)
        before = usual.get(round(look.t_s))
        if look.t_s < begin_s + STEP_S or before is None:
            continue
        wanted, half = _stationary(look, before, factor), look.half_spread
        if wanted is not None and half is not None:
            ratios[begin_s].append(half / wanted)
    what = f"half-spread / stationary, from {STEP_S:g} s after steps x{STEP_FACTOR:g}"
    low, high = 1.0 - SETTLED, 1.0 + SETTLED
    return [
        Figure(recording.name, f"{what}: up", (_mean(ratios[up_s]),), low, high),
        Figure(recording.name, f"{what}: down", (_mean(ratios[down_s]),), low, high),
    ]


def _until(recording: Recording, end_s: float) -> Iterator[tuple[Second, Engine]]:
    return seconds(recording, first_start(recording, 0.0), until_s=end_s)


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
