"""Prometheus and its promtool, where there are any: see `deploy/dev/prometheus.sh`."""

import os
import shutil
from pathlib import Path

UNPACKED = Path(__file__).parents[1] / ".tools" / "usr" / "bin"
ABSENT = "no Prometheus here: see deploy/dev/prometheus.sh"


def _found(name: str) -> str | None:
    return shutil.which(name, path=f"{os.environ.get('PATH', '')}{os.pathsep}{UNPACKED}")


SERVER, PROMTOOL = _found("prometheus"), _found("promtool")
