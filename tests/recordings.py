"""Paths of the recorded tapes and fixtures beside the repository; tests pass without them."""

from pathlib import Path

ROOT = Path(__file__).parents[1]
SHARED = ROOT.parent / "shared"
DATA = SHARED / "data"
BINANCE_RAW = DATA / "binance_raw"
