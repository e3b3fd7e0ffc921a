"""Golden vectors of streaming estimates and sizes: volatility, flow, widening and more."""

from collections.abc import Iterable
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from itertools import pairwise

import mpmath  # type: ignore[import-untyped]  # no type hints published

type Number = mpmath.mpf
type Row = dict[str, object]
type Moves = list[tuple[float, float]]

CALM: Moves = [
    (0, 100.0), (0.4, 100.02), (1.1, 100.03), (2.3, 99.98), (2.9, 99.99), (4.0, 100.05),
    (9.0, 100.20), (10.0, 100.18),
]  # fmt: skip
JUMP: Moves = [(i * 1.0, 100.01 if i % 2 == 0 else 99.99) for i in range(5)] + [
    (5.0, 101.0), (6.0, 101.01),
]  # fmt: skip
# bid, ask, best bid, best ask, tick, lots
QUANTISE_CASES = (
    ("100.017", "100.031", "100.01", "100.02", "0.01", 0),
    ("100.027", "100.041", "100.01", "100.02", "0.01", -3),
    ("99.991", "100.003", "100.01", "100.02", "0.01", 5),
    ("100.00", "100.05", "100.01", "100.04", "0.01", 0),
    ("0.000012345", "0.000012351", "0.00001234", "0.00001236", "0.00000001", 1),
    ("100.02", "100.01", None, None, "0.01", 2),
    ("100.02", "100.01", None, None, "0.01", 0),
)


# second, side (+1 bought), size
TRADES = ((0.0, 1, 2.0), (1.0, 1, 1.0), (2.5, -1, 0.5), (3.0, 1, 3.0))
# bought and sold volume
VOLUMES = ((3.0, 1.0), (5.0, 6.0), (12.0, 2.0), (0.0, 15.0))
OUTCOMES = (1.0, 2.0, -3.0, 0.5, 4.0)


def digits12(value: object) -> float:
    return float(mpmath.nstr(mpmath.mpf(value), 12))


def variance(
    moves: Iterable[tuple[float, float]], half_life: int, prior: tuple[str, int]
) -> tuple[Number, Number, Number]:
    """Decayed squares, time and fourth powers over `moves`, sampled at least a second apart."""
    squares = mpmath.mpf(prior[0]) * prior[1]
    time = mpmath.mpf(prior[1])
    fourths = 3 * squares**2 / time if time else mpmath.mpf(0)
    last: tuple[Number, Number] | None = None
    for t, m in moves:
        at, mid = mpmath.mpf(repr(t)), mpmath.mpf(repr(m))
        if last is None:
            last = (at, mid)
            continue
        gap = at - last[0]
        if gap < 1:
            continue
        square = (mid - last[1]) ** 2
        kept = mpmath.power(2, -gap / half_life)
        squares, fourths = squares * kept + square, fourths * kept**2 + square**2
        time, last = time * kept + gap, (at, mid)
    return squares, time, fourths


def vol_ewma() -> Row:
    squares, time, _ = variance(CALM, 60, ("0", 0))
    return {
        "half_life": 60,
        "grid": 1.0,
        "seq": [list(row) for row in CALM],
        "sigma": digits12(mpmath.sqrt(squares / time)),
        "N": digits12(squares),
        "D": digits12(time),
    }


def vol_jump() -> Row:
    """A jump after a prior: it counts whole, and makes the figure rest on few moves."""
    squares, time, fourths = variance(JUMP, 60, ("1e-4", 60))
    return {
        "half_life": 60,
        "grid": 1.0,
        "var0": 1e-4,
        "t_prior": 60.0,
        "seq": [list(row) for row in JUMP],
        "sigma": digits12(mpmath.sqrt(squares / time)),
        "effective_moves": digits12(squares**2 / fourths),
    }


def flow_z() -> Row:
    """Trades weighted by their age at the time of the last one."""
    last, unit = mpmath.mpf(TRADES[-1][0]), mpmath.mpf(1)
    aged = [(side, mpmath.mpf(size), mpmath.power(2, (t - last) / 5)) for t, side, size in TRADES]
    bought = sum(size * age for side, size, age in aged if side > 0)
    sold = sum(size * age for side, size, age in aged if side < 0)
    squares = sum((size * age) ** 2 for _, size, age in aged)
    return {
        "half_life": 5,
        "unit": float(unit),
        "trades": [list(trade) for trade in TRADES],
        "z": digits12((bought - sold) / mpmath.sqrt(squares + unit**2)),
        "B": digits12(bought),
        "S": digits12(sold),
        "Q2": digits12(squares),
    }


def vpin() -> Row:
    """Buckets by cumulated volume; within one addition both sides are traded evenly."""
    bucket, ring_size = mpmath.mpf(10), 3
    total = sum(mpmath.mpf(bought) + mpmath.mpf(sold) for bought, sold in VOLUMES)
    cuts = [net_until(bucket * i) for i in range(int(total / bucket) + 1)]
    ring = [abs(b - a) for a, b in pairwise(cuts)][-ring_size:]
    return {
        "V": int(bucket),
        "n": ring_size,
        "adds": [list(volumes) for volumes in VOLUMES],
        "ring": [digits12(number) for number in ring],
        "value": digits12(sum(ring) / (len(ring) * bucket)),
    }


def net_until(traded: Number) -> Number:
    """Bought minus sold volume after `traded` volume in total."""
    net, left = mpmath.mpf(0), traded
    for bought, sold in VOLUMES:
        volume = mpmath.mpf(bought) + mpmath.mpf(sold)
        part = min(left, volume)
        net += (mpmath.mpf(bought) - mpmath.mpf(sold)) * part / volume
        left -= part
    return net


def certainty_equivalent() -> Row:
    gamma = mpmath.mpf("0.5")
    weights = [mpmath.exp(-gamma * mpmath.mpf(outcome)) for outcome in OUTCOMES]
    n = len(OUTCOMES)
    mean = sum(mpmath.mpf(outcome) for outcome in OUTCOMES) / n
    variance = sum((mpmath.mpf(outcome) - mean) ** 2 for outcome in OUTCOMES) / (n - 1)
    return {
        "W": list(OUTCOMES),
        "gamma": float(gamma),
        "ce": digits12(-mpmath.log(sum(weights) / n) / gamma),
        "ess": digits12(sum(weights) ** 2 / sum(weight**2 for weight in weights)),
        "mean_var": digits12(mean - gamma / 2 * variance),
    }


def widen() -> list[Row]:
    cases = [("1", "0", nu) for nu in ("0", ".1", ".25", ".5", ".8", "1", "1.5")]
    cases += [("2", ".3", nu) for nu in (".3", ".5", "1")]
    rows: list[Row] = []
    for beta, nu0, nu in cases:
        x = max(mpmath.mpf(0), (mpmath.mpf(nu) - mpmath.mpf(nu0)) / (1 - mpmath.mpf(nu0)))
        w = min(mpmath.mpf(4), mpmath.mpf(beta) * x**2)
        rows.append(
            {
                "nu": float(nu),
                "beta": float(beta),
                "p": 2.0,
                "nu0": float(nu0),
                "w": digits12(w),
            }
        )
    return rows


def quantize() -> list[Row]:
    rows: list[Row] = []
    for bid, ask, best_bid, best_ask, tick_text, n in QUANTISE_CASES:
        tick = Decimal(tick_text)
        b = (Decimal(bid) / tick).to_integral_value(ROUND_FLOOR)
        a = (Decimal(ask) / tick).to_integral_value(ROUND_CEILING)
        if best_ask is not None:
            b = min(b, Decimal(best_ask) / tick - 1)
        if best_bid is not None:
            a = max(a, Decimal(best_bid) / tick + 1)
        if b >= a:
            b, a = {1: (a - 1, a), -1: (b, b + 1), 0: (a - 1, b + 1)}[(n > 0) - (n < 0)]
        rows.append(
            {
                "bid": bid,
                "ask": ask,
                "best_bid": best_bid,
                "best_ask": best_ask,
                "tick": tick_text,
                "n": n,
                "out": [str(b.to_integral_value() * tick), str(a.to_integral_value() * tick)],
            }
        )
    return rows


def sizes() -> list[Row]:
    """Three levels that grow by half an order each, at five inventories of a limit of ten."""
    rows: list[Row] = []
    for n in (0, 4, 8.5, 10, -10):
        out = {side: side_sizes(sign * n) for side, sign in (("bid", 1), ("ask", -1))}
        rows.append(
            {
                "n": n,
                "N": 10,
                "order_lots": 1.0,
                "levels": 3,
                "eta": 1.0,
                "growth": 0.5,
                "lot": 0.01,
                "step": "0.0001",
                "min_qty": "0.001",
                "out": out,
            }
        )
    return rows


def side_sizes(towards: float) -> list[str]:
    """Sizes of a side in base, with `towards` of its limit of 10 lots in use."""
    lots = mpmath.mpf(towards)
    shrink = mpmath.exp(-lots / 10) if lots > 0 else mpmath.mpf(1)
    room = max(mpmath.mpf(0), 10 - lots)
    shown = []
    for level in range(3):
        size = min((1 + mpmath.mpf(level) / 2) * shrink, room)
        room -= size
        steps = (Decimal(mpmath.nstr(size / 100, 12)) / Decimal("0.0001")).to_integral_value(
            ROUND_FLOOR
        )
        exact = steps * Decimal("0.0001")
        shown.append(str(exact) if exact >= Decimal("0.001") else "0")
    return shown
