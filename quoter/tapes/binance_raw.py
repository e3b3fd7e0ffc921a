"""Raw captures of Binance's combined streams: the lines of a collector's files.

A line is `<receive stamp> <json>`; the stamp is in s, ms, µs or ns. The JSON is a combined-stream
message (depth diff, bookTicker, trade) or a REST depth snapshot.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path

import msgspec

from quoter.tapes.columns import stamp_ns
from quoter.tapes.messages import Best, Depth, Line, Print, Snapshot, TapeError
from quoter.tapes.reading import UNREADABLE, ReadProgress, parsed


class _Envelope(msgspec.Struct, frozen=True):
    stream: str
    data: msgspec.Raw


_KINDS: tuple[tuple[str, type[Depth | Best | Print]], ...] = (
    ("@depth", Depth),
    ("@bookTicker", Best),
    ("@trade", Print),
)


def read_lines(
    files: Sequence[Path],
    symbol: str = "",
    *,
    on_bad: Callable[[str], None] | None = None,
    progress: ReadProgress | None = None,
) -> Iterator[Line]:
    """Yield receive time (ns) and row, in recorded order.

    Other streams, and other symbols if `symbol` is given, are skipped. A line that can't be read is
    passed to `on_bad` as text; without `on_bad` it raises TapeError. A file that ends early or
    can't be opened raises TapeError.
    """
    parse = partial(_parse, symbol=symbol)
    yield from parsed(files, parse, on_bad=on_bad, progress=progress or ReadProgress(()))


def capture_symbol(files: Sequence[Path]) -> str:
    """Return the symbol of a capture's first stream message. Raises TapeError."""
    for path in files:
        try:
            with ReadProgress(()).opened(path) as lines:
                for line in lines:
                    _, _, body = line.partition(b" ")
                    if body.startswith(b'{"stream"'):
                        envelope = msgspec.json.decode(body, type=_Envelope)
                        return envelope.stream.partition("@")[0].upper()
        except (ValueError, *UNREADABLE) as error:
            raise TapeError(f"{path} can't be read: {error}") from None
    names = ", ".join(str(path) for path in files)
    raise TapeError(
        f"{names}: not a known format, and no line has the form of Binance's combined streams: "
        'time of receipt, space, {"stream": …, "data": …}'
    )


def spot_only(lines: Iterable[Line]) -> Iterator[Line]:
    """Yield the lines. Raises TapeError for a row with a field that only futures have."""
    for line in lines:
        match line[1]:
            case (
                Snapshot(transaction_ms=None)
                | Depth(prev=None)
                | Best(transaction_ms=None)
                | Print(kind=None)
            ):
                yield line
            case _:
                raise TapeError(
                    "this is a recording of futures; the sandbox replays spot only: "
                    "use `quoter backtest`"
                )


def _parse(line: bytes, symbol: str) -> Line | None:
    stamp, _, body = line.partition(b" ")
    ts_ns = stamp_ns(stamp.decode())
    if body.startswith(b'{"lastUpdateId"'):
        return ts_ns, msgspec.json.decode(body, type=Snapshot)
    envelope = msgspec.json.decode(body, type=_Envelope)
    if symbol and envelope.stream.partition("@")[0] != symbol.lower():
        return None
    for mark, kind in _KINDS:
        if mark in envelope.stream:
            return ts_ns, msgspec.json.decode(envelope.data, type=kind)
    return None
