"""Files of finished cells, one per cell.

Each is written immediately, so that a killed sweep continues.
"""

from pathlib import Path

import msgspec

from quoter.sweep.cell import CellResult

FOLDER = "cells"


class CellStore:
    """Finished cells in a folder, by identity."""

    def __init__(self, folder: Path) -> None:
        """Create the folder if it is missing. Raises OSError."""
        self._folder = folder / FOLDER
        self._folder.mkdir(parents=True, exist_ok=True)

    def load(self, identity: str) -> CellResult | None:
        """Return a finished cell; None if there is none or its file is damaged."""
        try:
            found = msgspec.json.decode(self._path(identity).read_bytes(), type=CellResult)
        except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
            return None
        return found if found.identity == identity and found.figures is not None else None

    def save(self, result: CellResult) -> None:
        """Write a cell atomically: a crash leaves the whole file or none. Raises OSError.

        A failed cell is not written; the next sweep runs it again.
        """
        if result.figures is None:
            return
        path = self._path(result.identity)
        part = path.with_suffix(".part")
        part.write_bytes(msgspec.json.encode(result))
        part.replace(path)

    def _path(self, identity: str) -> Path:
        return self._folder / f"{identity}.json"
