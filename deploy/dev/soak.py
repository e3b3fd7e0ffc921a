"""Run sandbox exchange and daemon for hours with default settings, and sample them (`make soak`).

Every 15 s a row goes into `soak.csv`: memory, trading state, causes, share of the time with orders
on both sides, bytes of log and ledger, load of the machine. The last lines on stdout sum it up;
`--summary` sums up the rows of a run so far. Beside other work, raise the priority: of the process
(nice) and, where Linux groups processes by session, of the group (/proc/self/autogroup).
"""

import argparse
import csv
import json
import os
import re
import subprocess
import sys
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple, TextIO, get_type_hints

ROW_S = 15.0
POLLS_PER_ROW = 5
START_S_MAX = 120.0
STOP_S_MAX = 60.0
ANSWER_S_MAX = 5.0
WARM_SHARE = 0.25  # of the rows: left out of the slope of the memory
MIB = 1 << 20
TABLE = "soak.csv"
SIDES = frozenset({"BUY", "SELL"})
METRIC = re.compile(r"^quoter_(?P<name>\w+)(?:\{(?P<labels>.*)\})? (?P<value>\S+)$")
LABEL = re.compile(r'(\w+)="([^"]*)"')
LIMITS = {
    "QUOTER_INVENTORY_MAX": "0.05",
    "QUOTER_ORDER_SIZE": "0.005",
    "QUOTER_LOSS_MAX": "500",
    "QUOTER_NOTIONAL_MAX": "1000",
}


class Row(NamedTuple):
    """One line of the CSV; an empty state: the daemon did not answer."""

    elapsed_s: float
    rss_mib: float
    state: str
    causes: str
    two_sided_share: float
    cooldown_share: float  # orders missing only where the strategy has put a side into cooldown
    fills: int
    raised: str  # "cause=count …" since the start
    log_bytes: int
    ledger_bytes: int
    load: float


class Sample(NamedTuple):
    """What one reading of /metrics says."""

    state: str
    causes: tuple[str, ...]
    is_two_sided: bool
    is_cooldown: bool  # the sides without an order are in cooldown
    fills: int
    raised: Counter[str]


def sample(text: str) -> Sample:
    """Read the answer of /metrics."""
    state, causes, fills = "", [], 0
    raised: Counter[str] = Counter()
    sides: set[str] = set()
    cooling_down: set[str] = set()
    for line in text.splitlines():
        found = METRIC.match(line)
        if found is None:
            continue
        labels, value = dict(LABEL.findall(found["labels"] or "")), float(found["value"])
        match found["name"]:
            case "trading_state" if value:
                state = labels["state"]
            case "cause_active" if value:
                causes.append(labels["cause"])
            case "causes_raised_total" if value:
                raised[labels["cause"]] = int(value)
            case "fills_total":
                fills += int(value)
            case "open_orders" if value:
                sides.add(labels["side"])
            case "side_cooldown" if value:
                cooling_down.add(labels["side"])
            case _:
                pass
    missing = SIDES - sides
    is_cooldown = bool(missing) and missing <= cooling_down
    return Sample(state, tuple(causes), not missing, is_cooldown, fills, raised)


def read(url: str) -> Sample:
    """Return the present sample; one without a state if the daemon does not answer."""
    try:
        with urllib.request.urlopen(url, timeout=ANSWER_S_MAX) as answer:  # noqa: S310 - http only
            return sample(answer.read().decode())
    except OSError:
        return Sample("", (), False, False, 0, Counter())


def rows(url: str, pid: int, folder: Path, end_s: float) -> Iterator[Row]:
    """Yield a row every 15 s until `end_s`, monotonic, or until the process ends."""
    start_s = time.monotonic()
    while time.monotonic() < end_s:
        seen = []
        for _ in range(POLLS_PER_ROW):
            time.sleep(ROW_S / POLLS_PER_ROW)
            seen.append(read(url))
        last = seen[-1]
        try:
            rss = _rss_mib(pid)
        except OSError:
            return
        yield Row(
            elapsed_s=round(time.monotonic() - start_s, 1),
            rss_mib=round(rss, 2),
            state=last.state,
            causes=" ".join(sorted({cause for one in seen for cause in one.causes})),
            two_sided_share=sum(one.is_two_sided for one in seen) / len(seen),
            cooldown_share=sum(one.is_cooldown for one in seen) / len(seen),
            fills=last.fills,
            raised=" ".join(f"{cause}={count}" for cause, count in sorted(last.raised.items())),
            log_bytes=(folder / "quoter.log").stat().st_size,
            ledger_bytes=sum(path.stat().st_size for path in folder.glob("data/*.sqlite*")),
            load=os.getloadavg()[0],
        )


def _rss_mib(pid: int) -> float:
    """Return the resident memory of a process. Raises OSError once it has ended."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise ProcessLookupError(pid)


def slope_mib_per_h(found: list[Row]) -> float:
    """Return the least-squares slope of the memory after the warm-up."""
    warm = found[int(len(found) * WARM_SHARE) :]
    if len(warm) < 2:
        return 0.0
    hours = [row.elapsed_s / 3_600 for row in warm]
    mean_h = sum(hours) / len(warm)
    mean_mib = sum(row.rss_mib for row in warm) / len(warm)
    spread = sum((hour - mean_h) ** 2 for hour in hours)
    pairs = zip(hours, warm, strict=True)
    return sum((hour - mean_h) * (row.rss_mib - mean_mib) for hour, row in pairs) / spread


def mean(shares: list[float]) -> float:
    """Return the mean; 0 of nothing."""
    return sum(shares) / max(len(shares), 1)


def rows_so_far(table: TextIO) -> list[Row]:
    """Read the rows of `soak.csv`."""
    kinds = get_type_hints(Row)
    return [
        Row(**{name: kinds[name](value) for name, value in row.items()})
        for row in csv.DictReader(table)
    ]


def summary(found: list[Row]) -> str:
    """Return the figures of the run as lines of text."""
    last = found[-1]
    hours = last.elapsed_s / 3_600
    answered = [row for row in found if row.state]
    states = Counter(row.state or "no answer" for row in found)
    changes = sum(before.state != after.state for before, after in pairwise(found))
    return "\n".join(
        (
            f"hours          {hours:.2f}, load {min(r.load for r in found):.1f} to "
            f"{max(r.load for r in found):.1f}",
            f"memory         {found[0].rss_mib:.1f} to {last.rss_mib:.1f} MiB, slope after "
            f"warm-up {slope_mib_per_h(found):+.2f} MiB/h",
            f"states         {dict(states)}, {changes} changes between rows",
            f"two-sided      {mean([row.two_sided_share for row in answered]):.2%}; a side in "
            f"cooldown {mean([row.cooldown_share for row in answered]):.2%}",
            f"fills          {last.fills}",
            f"causes raised  {last.raised or 'none'}",
            f"log            {last.log_bytes / MIB / hours * 24:.1f} MiB a day",
            f"ledger         {last.ledger_bytes / MIB:.1f} MiB",
        )
    )


@contextmanager
def process(*arguments: str, output: TextIO, environment: dict[str, str]) -> Iterator[int]:
    """Run `quoter …`; yield its process id, and stop it as an operator would."""
    started = subprocess.Popen(  # noqa: S603 - our own program
        [sys.executable, "-m", "quoter.cli", *arguments],
        stdout=output,
        stderr=subprocess.STDOUT,
        env={"PATH": os.environ["PATH"], **environment},
    )
    try:
        yield started.pid
    finally:
        started.terminate()
        try:
            code = started.wait(STOP_S_MAX)
        except subprocess.TimeoutExpired:
            started.kill()
            code = started.wait()
        sys.stdout.write(f"quoter {arguments[0]} ended with {code}\n")


def field(path: Path, name: str) -> str:
    """Wait for the first JSON line of a log with this field; return its value.

    Raises TimeoutError.
    """
    end_s = time.monotonic() + START_S_MAX
    while time.monotonic() < end_s:
        for line in path.read_text().splitlines():
            if line.startswith("{") and (value := json.loads(line).get(name)):
                return str(value)
        time.sleep(0.2)
    raise TimeoutError(f"{path} has no line with {name} after {START_S_MAX:g} s")


def soak(folder: Path, minutes: float, settings: dict[str, str]) -> list[Row]:
    """Run both processes for this long; write `soak.csv` and both logs into the folder.

    Raises FileExistsError for the folder of another run.
    """
    (folder / "data").mkdir(parents=True, exist_ok=True)
    names = ("sandbox.log", "quoter.log", TABLE)
    with (
        (folder / names[0]).open("x") as sandbox_log,
        (folder / names[1]).open("x") as log,
        (folder / names[2]).open("x", newline="") as table,
        process("sandbox", "--port", "0", output=sandbox_log, environment={}),
    ):
        environment = LIMITS | {
            "QUOTER_SANDBOX_URL": field(folder / names[0], "sandbox_url"),
            "QUOTER_DATA_DIR": str(folder / "data"),
            "QUOTER_SECRETS_DIR": str(folder / "data"),
            "QUOTER_PORT": "0",
            "QUOTER_LOG_FORMAT": "json",
        }
        with process("run", output=log, environment=environment | settings) as pid:
            url = f"http://{field(folder / names[1], 'listening')}/metrics"
            writer = csv.writer(table)
            writer.writerow(Row._fields)
            found = []
            for row in rows(url, pid, folder, time.monotonic() + minutes * 60):
                writer.writerow(row)
                table.flush()
                found.append(row)
    return found


def main() -> None:
    """Parse the arguments, run and print the summary."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=120.0)
    parser.add_argument("--folder", type=Path, required=True, help="for CSV, logs and data")
    parser.add_argument("--summary", action="store_true", help="of the run in the folder so far")
    parser.add_argument("settings", nargs="*", help="further settings: QUOTER_NAME=value")
    given = parser.parse_args()
    settings = dict(text.split("=", 1) for text in given.settings)
    folder = given.folder.resolve()
    if given.summary:
        with (folder / TABLE).open(newline="") as table:
            found = rows_so_far(table)
    else:
        found = soak(folder, given.minutes, settings)
    sys.stdout.write((summary(found) if found else "no row: see quoter.log") + "\n")


if __name__ == "__main__":
    main()
