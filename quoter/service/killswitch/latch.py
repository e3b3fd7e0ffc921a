"""The kill latch: a small fsynced file that outlives the process; a restart stays KILLED."""

import json
import os
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path

from quoter.domain.trading import Cause, TradingState
from quoter.risk.kill_switch import SEVERITY
from quoter.service.data_folder import may_exist, sync_folder
from quoter.telemetry.redaction import Redactor, clean

NAME = "latch.json"
TEXT_CHARS_MAX = 500


@dataclass(frozen=True, slots=True)
class LatchRecord:
    """Why and when we were killed; the id must be given back to re-arm."""

    kill_id: str
    cause: Cause
    text: str
    ts_ns: int


def new_record(cause: Cause, text: str, ts_ns: int) -> LatchRecord:
    """A kill of this moment, with an id of its own."""
    shown = Redactor().text(clean(text))  # it is shown by terminals, and may be the venue's
    return LatchRecord(secrets.token_hex(4), cause, shown, ts_ns)


def renewed(old: LatchRecord | None, cause: Cause, text: str, ts_ns: int) -> LatchRecord:
    """Another kill on top of `old`, if there is one: who re-arms must have seen this one too."""
    if old is None:
        return new_record(cause, text, ts_ns)
    return new_record(old.cause, f"{old.text}; then {cause}: {text}"[:TEXT_CHARS_MAX], ts_ns)


class Latch:
    """One file in the data folder. Unreadable means killed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._path = folder / NAME

    def read(self) -> LatchRecord | None:
        """The record on disk; None only if there provably is none."""
        try:
            raw = json.loads(self._path.read_text())
            record = LatchRecord(
                kill_id=str(raw["kill_id"]),
                cause=Cause(raw["cause"]),
                text=str(raw["text"]),
                ts_ns=int(raw["ts_ns"]),
            )
            if SEVERITY[record.cause].state is not TradingState.KILLED:
                raise ValueError(f"{record.cause} is no kill")
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError, OverflowError) as error:
            if not self.is_set():
                return None
            return LatchRecord(
                "unreadable", Cause.INVARIANT_BROKEN, f"latch unreadable: {error}", 0
            )
        return record

    def is_set(self) -> bool:
        """Is there one, readable or not? Cheap enough to ask before every create."""
        return may_exist(self._path)

    def write(self, cause: Cause, text: str, ts_ns: int) -> LatchRecord:
        """Make a new kill durable."""
        record = new_record(cause, text, ts_ns)
        self.save(record)
        return record

    def save(self, record: LatchRecord) -> None:
        """Make the kill durable: file and folder are synced before this returns. Raises OSError."""
        part = self._path.with_suffix(f".{record.kill_id}.part")  # daemon and sentinel may both
        with part.open("w") as file:
            json.dump(asdict(record), file)
            file.flush()
            os.fsync(file.fileno())
        part.replace(self._path)
        sync_folder(self._folder)

    def clear(self) -> None:
        """Forget the kill; the caller has checked who asks and that nothing is alive."""
        self._path.unlink(missing_ok=True)
        sync_folder(self._folder)
