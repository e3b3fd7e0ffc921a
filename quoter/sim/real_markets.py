"""Real-like markets, fitted to recorded markets on 2026-11-30.

The tapes: Binance spot BTCUSDT, 2024-08-08 23:54 to 2024-08-09 00:05 UTC; USD-M BTCUSDT, 2024-08-08
23:54 to 24:00; spot NEXOUSDT, 2024-07-23 15:39 to 2024-07-24 16:00. The figures come from rounds of
`python -m quoter.studies.real_like FOLDER --fit`, were then rounded, and partly corrected by hand.
Set by hand only: followers, follow_s, same, trade_tail, depth_tail, activity_slow, and split_share,
which no tape shows. The command without --fit prints how near the tapes they are.
"""

from dataclasses import replace
from decimal import Decimal

from quoter.sim.model_markets import BITCOIN, LARGE_TICK, THIN
from quoter.sim.real_like import RealLike

# Spot BTCUSDT: a fine tick, moves that trend within seconds, activity that changes by minutes.
REAL_BITCOIN = replace(
    BITCOIN,
    mid=Decimal(61_700),
    sigma=6.8,
    intensity=5.8,
    kappa=0.52,
    spread_ticks=1,
    depth_levels=16,
    depth_lots=200_000,
    partial_share=0.0,
    real=RealLike(
        moves_per_s=0.31,
        move_tail=0.42,
        echo=0.15,
        followers=0.6,
        follow_s=0.012,
        same=0.7,
        activity_fast=0.25,
        activity_slow=0.6,
        trade_lots=30.0,
        trade_tail=2.5,
        order_lots=600_000.0,
        split_share=0.3,
        thinness=0.00015,
        depth_tail=2.0,
    ),
)
PERPETUAL_TEXTURE = RealLike(
    moves_per_s=0.5,
    move_tail=0.33,
    echo=-0.28,
    followers=0.4,
    follow_s=0.012,
    same=0.5,
    activity_fast=0.6,
    activity_slow=0.6,
    trade_lots=17.0,
    trade_tail=2.0,
    order_lots=8_000.0,
    split_share=0.3,
    thinness=0.003,
    depth_tail=1.8,
)
# USD-M BTCUSDT: a wider tick, moves that are partly taken back.
REAL_PERPETUAL = replace(
    REAL_BITCOIN,
    tick=Decimal("0.1"),
    lot=Decimal("0.001"),
    size_min=Decimal("0.001"),
    sigma=7.0,
    intensity=9.0,
    kappa=0.42,
    depth_lots=2_700,
    real=PERPETUAL_TEXTURE,
)
# Spot NEXOUSDT: a thin market on a coarse tick (8 bp), still for most of the time.
REAL_THIN = replace(
    THIN,
    mid=Decimal("1.22"),
    sigma=0.00017,
    intensity=0.042,
    kappa=1_500.0,
    spread_ticks=1,
    depth_levels=12,
    depth_lots=12_600,
    partial_share=0.0,
    real=RealLike(
        moves_per_s=0.25,
        move_tail=1.5,
        echo=0.0,
        followers=0.4,
        follow_s=0.3,
        same=0.6,
        activity_fast=0.7,
        activity_slow=1.1,
        trade_lots=3_300.0,
        trade_tail=1.2,
        order_lots=14_500.0,
        split_share=0.3,
        thinness=0.5,
        depth_tail=1.2,
    ),
)
# A liquid market on a large tick (19 bp), where queue position decides who trades. Its texture is
# that of the USD-M tape: there is no tape of such a market.
REAL_LARGE_TICK = replace(
    LARGE_TICK,
    intensity=2.0,
    depth_levels=12,
    partial_share=0.0,
    real=replace(PERPETUAL_TEXTURE, trade_lots=200.0, order_lots=500.0, thinness=0.8),
)
REAL_LIKE_MARKETS = (REAL_BITCOIN, REAL_THIN, REAL_LARGE_TICK)
