"""The kill latch: a small fsynced file that keeps a daemon KILLED across restarts."""

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
    """Cause and time of a kill; a re-arm must name the kill id."""

    kill_id: str
    cause: Cause
    text: str
    ts_ns: int


def new_record(cause: Cause, text: str, ts_ns: int) -> LatchRecord:
    """Return the record of a new kill with a new kill id."""
    shown = Redactor().text(clean(text))  # shown on terminals; may contain text of the venue
    return LatchRecord(secrets.token_hex(4), cause, shown, ts_ns)


def renewed(old: LatchRecord | None, cause: Cause, text: str, ts_ns: int) -> LatchRecord:
    """Return the record of a kill on top of `old`; its new id makes re-arms of `old` invalid."""
    if old is None:
        return new_record(cause, text, ts_ns)
    return new_record(old.cause, f"{old.text}; then {cause}: {text}"[:TEXT_CHARS_MAX], ts_ns)


class Latch:
    """The latch file in the data folder. An unreadable file is a kill too."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._path = folder / NAME

    def read(self) -> LatchRecord | None:
        """Return the record on disk; None only if there certainly is none.

        A latch that can't be read gives a record with the cause INVARIANT_BROKEN.
        """
        try:
            raw = json.loads(self._path.read_text())
            record = LatchRecord(
                kill_id=str(raw["kill_id"]),
                cause=Cause(raw["cause"]),
                text=str(raw["text"]),
                ts_ns=int(raw["ts_ns"]),
            )
            if SEVERITY[record.cause].state is not TradingState.KILLED:
                raise ValueError(f"{record.cause} is not a kill cause")
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
        """Whether a latch exists, readable or not. Cheap enough to call before every create."""
        return may_exist(self._path)

    def write(self, cause: Cause, text: str, ts_ns: int) -> LatchRecord:
        """Write a new kill to disk and return its record. Raises OSError."""
        record = new_record(cause, text, ts_ns)
        self.save(record)
        return record

    def save(self, record: LatchRecord) -> None:
        """Write a kill to disk; file and folder are synced on return. Raises OSError."""
        part = self._path.with_suffix(
            f".{record.kill_id}.part"
        )  # daemon and sentinel may both write
        with part.open("w") as file:
            json.dump(asdict(record), file)
            file.flush()
            os.fsync(file.fileno())
        part.replace(self._path)
        sync_folder(self._folder)

    def clear(self) -> None:
        """Remove the latch; the caller has checked that the re-arm is allowed. Raises OSError."""
        self._path.unlink(missing_ok=True)
        sync_folder(self._folder)
