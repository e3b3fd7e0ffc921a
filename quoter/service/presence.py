"""Whether a file is there, where that alone decides something."""

from pathlib import Path


def is_there(path: Path) -> bool:
    """False only if it provably is not.

    Needs no descriptor: a full table of them says nothing about any file.
    """
    try:
        path.stat()
    except FileNotFoundError:
        return False
    except OSError:
        return True
    return True
