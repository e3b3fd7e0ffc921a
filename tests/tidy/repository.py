"""What git tracks, read once."""

import ast
import subprocess
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]


@cache
def tracked() -> tuple[str, ...]:
    """Paths of all tracked files that exist, relative to the root."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True, timeout=30
    )
    paths = [path for path in listed.stdout.split("\0") if path and (ROOT / path).is_file()]
    assert paths
    return tuple(paths)


@cache
def text(path: str) -> str:
    """Content of a tracked file; bytes that are not text become marks."""
    return (ROOT / path).read_text(encoding="utf-8", errors="replace")


@cache
def tree(path: str) -> ast.Module:
    return ast.parse(text(path), filename=path)


def python(*folders: str) -> list[str]:
    """Tracked Python files below these folders."""
    return [path for path in tracked() if path.endswith(".py") and path.startswith(folders)]
