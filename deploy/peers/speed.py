"""Compare the speed of backtest engines on one tape; run by `make peers`.

Messages (changes of the depth and trades; best prices are left out) per second of processor time,
with orders on both sides: quoter's whole engine and simulated venue, hftbacktest's, and
NautilusTrader's. The other two read the tape as hftbacktest's events, from environments of their
own, and place two orders every 100 ms. quoter reads the same file.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from time import process_time

import numpy as np
from tape_events import events, load

from quoter.app.backtesting import run_setups, suggested_limits
from quoter.backtest.fill_terms import DelayOptions
from quoter.backtest.tape_run import TapeRun, play_window
from quoter.settings import FixedSettings
from quoter.sim.fill_models import FillModel
from quoter.tapes.formats import read_tape, tape_market, tape_symbol
from quoter.tapes.opening import open_tape
from quoter.tapes.reading import ReadProgress, RowAccount
from quoter.tapes.row_checks import prepared

HERE = Path(__file__).parent
TIMEOUT_S = 900.0


def ours(file: Path, symbol: str) -> tuple[int, dict[str, float]]:
    """Return the number of messages, and seconds to read the file and to play it."""
    market, account = tape_market((file,), symbol, filters=None), RowAccount()
    begun_s = process_time()
    lines = read_tape((file,), symbol, on_bad=account.add_bad, progress=ReadProgress(()))
    opening = open_tape(prepared(lines, account))
    rows = list(opening.lines)
    read_s = process_time() - begun_s
    suggested = suggested_limits(market).items()
    limits = {name.removeprefix("QUOTER_").lower(): text for name, text in suggested}
    settings = FixedSettings.model_validate({"symbol": f"{market.base}/{market.quote}", **limits})
    delay = DelayOptions(median_ms=10.0, spread=3.0, seed=1)
    (setup,) = run_setups(
        settings, market, start_ns=opening.ts_ns, models=(FillModel.PESSIMISTIC,), delay=delay
    )
    run = TapeRun(setup, opening.book, opening.ts_ns)
    begun_s = process_time()
    for _ in play_window((run,), rows, end_ns=float("inf")):
        pass
    run_s = process_time() - begun_s
    return len(rows), {"build_s": read_s, "run_s": run_s, "orders": float(run.result().orders)}


def theirs(python: Path, script: str, file: Path) -> dict[str, float] | None:
    """Return what a script in another environment prints; None without that environment."""
    if not python.exists():
        return None
    words = (str(python), str(HERE / script), str(file))
    done = subprocess.run(  # noqa: S603 - words of this program and of its caller
        words, capture_output=True, text=True, timeout=TIMEOUT_S, check=False
    )
    if done.returncode:
        raise SystemExit(f"{script} ended with {done.returncode}: {done.stderr[-500:]}")
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def main() -> int:
    """Print messages per second of each, and the ratio to ours."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tape", nargs="+", type=Path)
    parser.add_argument("--seconds", type=float, default=120)
    parser.add_argument("--hftbacktest", type=Path, default=Path(".venv-peers/bin/python"))
    parser.add_argument("--nautilus", type=Path, default=Path(".venv-nautilus/bin/python"))
    options = parser.parse_args()
    symbol = tape_symbol(options.tape)
    with tempfile.TemporaryDirectory(prefix="quoter-peers-") as folder:
        file = Path(folder) / f"{symbol}.npz"
        np.savez_compressed(file, data=events(load(options.tape, options.seconds)))
        count, result = ours(file, symbol)
        found = {
            "quoter": result,
            "hftbacktest": theirs(options.hftbacktest, "hftbacktest_speed.py", file),
            "NautilusTrader": theirs(options.nautilus, "nautilus_speed.py", file),
        }
    print(f"{symbol}, {count} messages")
    for name, times in found.items():
        if times is None:
            print(f"{name:16} not installed")
            continue
        rate = count / times["run_s"]
        ratio = result["run_s"] / times["run_s"]
        print(f"{name:16} {rate:10,.0f} messages/s  {ratio:6.2f} x  {times['orders']:6.0f} orders")
    return 0


if __name__ == "__main__":
    sys.exit(main())
