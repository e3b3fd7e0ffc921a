"""`quoter replay`: replay a recording; show the first difference and other settings' quotes."""

import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from math import isfinite
from pathlib import Path

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from quoter.app.manifest import code_hash
from quoter.app.recording import other_config
from quoter.domain.commands import Command
from quoter.domain.number_text import plain
from quoter.domain.quotes import Quote, TwoSidedQuote
from quoter.domain.units import NS_PER_S
from quoter.engine.config import EngineConfig
from quoter.engine.engine import Engine
from quoter.recording.codec import Decision
from quoter.recording.files import files_of
from quoter.recording.reader import Recording
from quoter.replay.replay import Difference, Follow, Replayed, replay
from quoter.replay.what_if import QuoteChange, SideSummary, WhatIf
from quoter.telemetry.redaction import clean

type Advance = Callable[[int], None]

EQUAL, DIFFERS = 0, 1  # exit codes
PIPE_COLUMNS = 10_000
EVENT_CHARS_MAX = 600


def run_replay(
    place: str | None, *, data_dir: Path, changes: Sequence[str] = (), json_output: bool = False
) -> int:
    """Replay a run and print the result; return the exit code.

    `place`: as for `files_of`. `changes`: settings to change, each QUOTER_NAME=value. Raises
    BadSetting for an invalid change, RecordingError, OSError.
    """
    recording = Recording(files_of(place, data_dir))
    found = list[WhatIf]()
    follower = _follower(other_config(recording.header, changes), found) if changes else None
    begun_s = time.monotonic()
    with replay_progress(recording) as advance:
        result = replay(recording, follower=follower, progress=advance)
    beside = found[0] if found else None
    took_s = time.monotonic() - begun_s
    if json_output:
        typer.echo(json.dumps(_figures(recording, result, beside, took_s)))
    else:
        console = Console(highlight=False, width=None if Console().is_terminal else PIPE_COLUMNS)
        other = _what_if_lines(beside, changes, is_cut=recording.files_removed > 0)
        for line in (*_lines(recording, result, took_s), *other):
            console.print(line, markup=False, soft_wrap=True)
    return EQUAL if result.difference is None and result.failure is None else DIFFERS


def _follower(other: EngineConfig, found: list[WhatIf]) -> Callable[[Engine], Follow]:
    """Return a function that starts a WhatIf with configuration `other`.

    It appends the WhatIf to `found` and returns its method `follow`.
    """

    def begin(engine: Engine) -> Follow:
        found.append(WhatIf(engine, other))
        return found[0].follow

    return begin


@contextmanager
def replay_progress(recording: Recording) -> Iterator[Advance]:
    """Show a progress bar on stderr; yield a function that takes the number of bytes read."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f}%"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        bar = progress.add_task(recording.header.run, total=recording.bytes_total)
        yield lambda done: progress.update(bar, completed=done)


def _lines(recording: Recording, result: Replayed, took_s: float) -> Iterator[str]:
    header = recording.header
    span_s = (result.last_ns - result.first_ns) / NS_PER_S
    yield f"Run {header.run}: {header.exchange} {header.symbol}, from {_time(header.started_ns)}"
    if header.fills_text:
        yield header.fills_text
    if header.code_hash != code_hash():
        yield (
            f"It was recorded by other code ({header.version}, {header.code_hash}); this is "
            f"{code_hash()}: differences may come from that."
        )
    if recording.files_removed:
        yield (
            f"The first files of the recording (1 to {recording.files_removed}) were removed, to "
            f"stay within QUOTER_RECORDING_MAX_MB: it is replayed from {_time(result.first_ns)} on."
        )
    yield (
        f"Replayed {result.events} events of {span_s:.1f} s, {result.commands} commands, "
        f"in {took_s:.1f} s."
    )
    if result.failure is not None:
        failed = result.failure
        yield f"The engine fails on this event ({failed.place}):"
        yield f"  {_event(failed.event)}"
        yield f"  {type(failed.error).__name__}: {clean(str(failed.error))}"
    elif result.difference is not None:
        yield from _difference(result.difference)
    else:
        yield "No difference: every command is as in the run."
        if not result.is_complete:
            yield "The recording ends without a stop: a crash, a full disk, or the run goes on."


def _difference(found: Difference) -> Iterator[str]:
    yield f"First difference at step {found.seq} ({found.place}), {_time(found.event.ts_ns)}:"
    yield f"  event     {_event(found.event)}"
    for mine, theirs in _pairs(found.recorded, found.replayed):
        yield f"  run       {mine}"
        yield f"  replay    {theirs}"


def _pairs(recorded: Decision | None, replayed: Decision | None) -> Iterator[tuple[str, str]]:
    """Yield the differences of two decisions as texts (run, replay).

    These are the first command that differs, and the change of state if it differs.
    """
    run = recorded or Decision(0, ())
    now = replayed or Decision(0, ())
    for index in range(max(len(run.commands), len(now.commands))):
        pair = _command(run.commands, index), _command(now.commands, index)
        if pair[0] != pair[1]:
            yield pair
            break
    if run.state is not now.state:
        names = (f"state {each.state.name if each.state else 'unchanged'}" for each in (run, now))
        yield next(names), next(names)


def _command(commands: tuple[Command, ...], index: int) -> str:
    return str(commands[index]) if index < len(commands) else "no command"


def _what_if_lines(beside: WhatIf | None, changes: Sequence[str], *, is_cut: bool) -> Iterator[str]:
    if beside is None:
        return
    yield ""
    yield f"With {', '.join(changes)}, and the fills and the inventory of the run:"
    if is_cut:
        yield (
            "  its estimates begin with the first file that is left; live parameters changed "
            "before that file have the values of the settings"
        )
    yield f"  {beside.different} of {beside.moments} computed quotes differ"
    for name, side in (("bid", beside.bid), ("ask", beside.ask)):
        yield f"  {name}: {_side(side)}"
    for text in beside.refused:
        yield f"  a change of live parameters in the run is refused here, and left out: {text}"
    for change in beside.first:
        yield f"  {_time(change.ts_ns)}"
        yield f"    run     {_quote(change.run)}"
        yield f"    what if {_quote(change.other)}"


def _side(side: SideSummary) -> str:
    run, other = side.means
    return (
        f"{run:.3f} bps from fair value on average, with the change {other:.3f} "
        f"({side.quotes} quotes); quoted only by the run {side.only_run}, only with the change "
        f"{side.only_other}"
    )


def _quote(quote: TwoSidedQuote) -> str:
    return f"bid {_best(quote.bids)} ask {_best(quote.asks)}"


def _best(quotes: tuple[Quote, ...]) -> str:
    return f"{plain(quotes[0].size)} @ {plain(quotes[0].price)}" if quotes else "none"


def _figures(
    recording: Recording, result: Replayed, beside: WhatIf | None, took_s: float
) -> dict[str, object]:
    figures: dict[str, object] = {
        "run": recording.header.run,
        "simulated_fills": dict(recording.header.fills),
        "events": result.events,
        "commands": result.commands,
        "span_s": (result.last_ns - result.first_ns) / NS_PER_S,
        "took_s": round(took_s, 3),
        "is_complete": result.is_complete,
        "files_removed": recording.files_removed,
        "difference": None,
        "failure": None,
    }
    if result.difference is not None:
        figures["difference"] = list(_difference(result.difference))
    if result.failure is not None:
        figures["failure"] = [str(result.failure.place), clean(str(result.failure.error))]
    if beside is not None:
        figures["what_if"] = {
            "moments": beside.moments,
            "different": beside.different,
            "bid_bps": _finite(beside.bid.means),
            "ask_bps": _finite(beside.ask.means),
            "first": [_change(change) for change in beside.first],
            "refused_changes": beside.refused,
        }
    return figures


def _finite(figures: tuple[float, ...]) -> list[float | None]:
    return [figure if isfinite(figure) else None for figure in figures]  # JSON has no NaN


def _change(change: QuoteChange) -> dict[str, object]:
    return {
        "time": _time(change.ts_ns),
        "run": _quote(change.run),
        "what_if": _quote(change.other),
    }


def _event(event: object) -> str:
    return clean(str(event), EVENT_CHARS_MAX)


def _time(ts_ns: int) -> str:
    return datetime.fromtimestamp(ts_ns / NS_PER_S, UTC).isoformat(timespec="milliseconds")
