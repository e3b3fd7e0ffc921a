"""The record of the last drill of the kill switch: a file in the data folder."""

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

NAME = "drill.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class DrillRecord:
    """Result of a drill. Times are seconds since the kill was requested; -1 if not reached."""

    ts_ns: int
    passed: bool
    text: str
    latch_s: float = -1.0
    empty_s: float = -1.0
    running_s: float = -1.0

    def write(self, folder: Path) -> None:
        """Write the record atomically, with the time of the last passed drill. Raises OSError."""
        passed_ns = self.ts_ns if self.passed else last_passed_ns(folder)
        part = (folder / NAME).with_suffix(".part")
        with part.open("w") as file:
            json.dump(asdict(self) | {"last_passed_ns": passed_ns}, file)
            file.flush()
            os.fsync(file.fileno())
        part.replace(folder / NAME)


def last_passed_ns(folder: Path) -> int | None:
    """Return when a drill last passed, UTC ns; None if none did or the file can't be read."""
    try:
        raw = json.loads((folder / NAME).read_text())
        if "last_passed_ns" not in raw:  # written by an earlier version
            return int(raw["ts_ns"]) if raw["passed"] is True else None
        return int(raw["last_passed_ns"]) if raw["last_passed_ns"] is not None else None
    except (OSError, ValueError, KeyError, TypeError, OverflowError):
        return None
