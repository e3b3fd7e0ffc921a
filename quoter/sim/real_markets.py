"""Real-like markets, fitted to recorded markets on 2026-11-30.

Tapes: Binance spot BTCUSDT, 2024-08-08 23:54 to 2024-08-09 00:05 UTC; USD-M BTCUSDT, 2024-08-08
23:54 to 24:00; spot NEXOUSDT, 2024-07-23 15:39 to 2024-07-24 16:00. The figures are rounded results
of several runs of `python -m quoter.studies.real_like FOLDER --fit ROUNDS`. The script does not fit
`same`, `trade_tail` and `depth_tail`, nor `split_share`, which no tape shows. Without --fit it
prints how near the figures are to the tapes.
"""

from dataclasses import replace
from decimal import Decimal

from quoter.sim.model_markets import BITCOIN, LARGE_TICK, THIN
from quoter.sim.real_like import RealLike

# Spot BTCUSDT: a fine tick, moves that trend for seconds, activity that changes within minutes.
REAL_BITCOIN = replace(
    BITCOIN,
    mid=Decimal(61_700),
    sigma=7.4,
    intensity=3.46,
    kappa=0.212,
    spread_ticks=1,
    depth_levels=16,
    depth_lots=214_000,
    partial_share=0.0,
    real=RealLike(
        moves_per_s=0.363,
        move_tail=0.46,
        echo=0.0877,
        at_best=0.417,
        followers=0.846,
        follow_s=0.486,
        same=0.9,
        activity_fast=0.121,
        activity_slow=0.355,
        trade_lots=12.7,
        trade_tail=2.5,
        order_lots=5_810_000.0,
        pieces_tail=2.75,
        split_share=0.3,
        thinness=4.15e-05,
        depth_tail=2.0,
    ),
)
PERPETUAL_TEXTURE = RealLike(
    moves_per_s=0.746,
    move_tail=0.618,
    echo=-0.348,
    at_best=0.369,
    followers=0.871,
    follow_s=0.222,
    same=0.9,
    activity_fast=0.586,
    activity_slow=1.2,
    trade_lots=13.4,
    trade_tail=2.0,
    order_lots=33_600.0,
    pieces_tail=3.0,
    split_share=0.3,
    thinness=0.00324,
    depth_tail=1.8,
)
# USD-M BTCUSDT: a wider tick, moves that are partly taken back.
REAL_PERPETUAL = replace(
    REAL_BITCOIN,
    tick=Decimal("0.1"),
    lot=Decimal("0.001"),
    size_min=Decimal("0.001"),
    sigma=9.26,
    intensity=11.1,
    kappa=0.206,
    depth_lots=2_390,
    real=PERPETUAL_TEXTURE,
)
# Spot NEXOUSDT: a thin market on a coarse tick (8 bp), still for most of the time.
REAL_THIN = replace(
    THIN,
    mid=Decimal("1.22"),
    sigma=0.000145,
    intensity=0.0355,
    kappa=1670.0,
    spread_ticks=1,
    depth_levels=12,
    depth_lots=11_900,
    partial_share=0.0,
    real=RealLike(
        moves_per_s=0.549,
        move_tail=1.68,
        echo=0.0463,
        at_best=0.0,
        followers=0.301,
        follow_s=1.85,
        same=0.9,
        activity_fast=0.8,
        activity_slow=1.2,
        trade_lots=2390.0,
        trade_tail=1.2,
        order_lots=15_600.0,
        pieces_tail=0.734,
        split_share=0.3,
        thinness=0.384,
        depth_tail=1.2,
    ),
)
# A liquid market with a large tick (19 bp), where queue position decides who trades. There is no
# tape of such a market, so its other parameters are those of the USD-M tape.
REAL_LARGE_TICK = replace(
    LARGE_TICK,
    intensity=2.0,
    depth_levels=12,
    partial_share=0.0,
    real=replace(
        PERPETUAL_TEXTURE, trade_lots=200.0, order_lots=500.0, pieces_tail=1.0, thinness=0.8
    ),
)
REAL_LIKE_MARKETS = (REAL_BITCOIN, REAL_THIN, REAL_LARGE_TICK)
