"""`quoter record`: record a market without key and orders."""

from pathlib import Path

import uvloop
from rich.console import Console

from quoter.app.market_recorder import Progress, record_market
from quoter.app.settings_to_config import market_of
from quoter.app.startup import StartFailed
from quoter.recording.files import recording_files
from quoter.settings import Settings


def run_record(settings: Settings, folder: Path, *, max_mb: int, seconds: float | None) -> int:
    """Record for `seconds` (None: until SIGTERM or Ctrl-C); return the exit code.

    `max_mb`: limit of the folder, MiB.
    """
    console = Console(stderr=True, highlight=False)
    where = " ".join(market_of(settings))
    seen = Progress()
    with console.status(f"connecting to {where}") as status:

        def show(progress: Progress) -> None:
            nonlocal seen
            seen = progress
            status.update(f"recording {where}: {progress.events} events")

        try:
            code = uvloop.run(
                record_market(settings, folder, max_mb=max_mb, seconds=seconds, show=show)
            )
        except StartFailed as error:
            console.print(f"quoter record: {error}", markup=False)
            return error.code
    newest = recording_files(folder)[-1:] if folder.is_dir() else []
    run = f", run {newest[0].name.partition('-')[0]}" if newest else ""
    console.print(f"recorded {seen.events} events of {where} in {folder}{run}", markup=False)
    return code
