"""Bounds of the live parameters, and of the size of one change.

Live parameters may change without a restart.
"""

from collections.abc import Mapping
from difflib import get_close_matches
from math import isfinite

from annotated_types import Ge, Gt, Le

from quoter.settings.fields import ActivityLimits, Limits, PreTradeChecks, Pricing, Requoting
from quoter.settings.model import Settings, conflicts, env_name

STEP_MAX = 2.0  # one change at most doubles or halves a live parameter
ROUNDING = 1e-9
# One change from or to zero may be at most this large.
FIRST_STEP: dict[str, float] = {
    "gamma": 0.001,
    "widening_beta": 0.25,
    "widening_power": 1,
    "size_eta": 0.25,
    "spread_min_bps": 1,
    "adverse_bps": 0.5,
    "alpha_max": 0.25,
    "markout_cost_max": 0.25,
    "side_cooldown_s": 1,
    "requote_hold_s": 0.25,
    "requote_tolerance": 0.05,
}
LIVE_PARAMS = tuple(FIRST_STEP)
# Protections. While the daemon runs, they can't go below their FIRST_STEP, or below their setting
# at the start if that is lower.
PROTECTIONS = (
    "spread_min_bps",
    "alpha_max",
    "markout_cost_max",
    "side_cooldown_s",
    "requote_hold_s",
)
HARD_LIMITS = (
    *Limits.model_fields,
    *PreTradeChecks.model_fields,
    *ActivityLimits.model_fields,
    *("regime_equity_drop", "drawdown_max"),
    *("levels", "spread_max_bps", "book_stale_s", "creates_per_s"),
)


def name_refusal(name: str) -> str:
    """Return why this is not a live parameter; empty if it is one."""
    if name in LIVE_PARAMS:
        return ""
    if name in HARD_LIMITS:
        return f"{name}: is a hard limit: restart with a new value of {env_name(name)}"
    if name in Settings.model_fields:
        return f"{name}: can't change while running: restart with a new value of {env_name(name)}"
    near = get_close_matches(name, LIVE_PARAMS, n=1)
    return f"{name[:60]!a}: no such live parameter" + (f"; did you mean {near[0]}?" if near else "")


def bounds_refusals(settings: Settings, values: Mapping[str, float]) -> list[str]:
    """Return a line for each bound or rule of the settings that the values violate.

    values: all live parameters after the change. settings: those of the start.
    """
    lines = [line for name, value in values.items() if (line := _out_of_bounds(name, value))]
    lines = lines or [
        line for name in PROTECTIONS if (line := _switched_off(settings, name, values[name]))
    ]
    return lines or conflicts(settings.model_copy(update=dict(values)))


def step_refusal(name: str, before: float, after: float) -> str:
    """Return why one change of a live parameter is too large; empty if it is allowed."""
    low, high = sorted((abs(before), abs(after)))
    first = FIRST_STEP[name]
    if high <= first * (1 + ROUNDING) or high <= low * STEP_MAX * (1 + ROUNDING):
        return ""
    least, most = before / STEP_MAX, max(before * STEP_MAX, first)
    least = 0.0 if before <= first else least
    return (
        f"{name}: one change may go from {before:g} to between {least:g} and {most:g} "
        f"(got {after:g})"
    )


def _switched_off(settings: Settings, name: str, value: float) -> str:
    least = min(FIRST_STEP[name], getattr(settings, name))
    if value >= least * (1 - ROUNDING):
        return ""
    return (
        f"{name}: is a protection and can't go below {least:g} while running: "
        f"restart with a new value of {env_name(name)} (got {value:g})"
    )


def _out_of_bounds(name: str, value: float) -> str:
    field = {**Pricing.model_fields, **Requoting.model_fields}[name]
    if not isfinite(value):
        return f"{name}: must be a finite number"
    for bound in field.metadata:
        match bound:
            case Gt(gt=least) if not value > least:  # type: ignore[operator]  # floats
                return f"{name}: must be greater than {least} (got {value:g})"
            case Ge(ge=least) if not value >= least:  # type: ignore[operator]  # floats
                return f"{name}: must be at least {least} (got {value:g})"
            case Le(le=most) if not value <= most:  # type: ignore[operator]  # floats
                return f"{name}: must be at most {most} (got {value:g})"
            case _:
                pass
    return ""
