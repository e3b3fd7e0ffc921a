"""The tracked files and their contents, cached.

Parsing all files takes seconds: a test that looks for a word parses only the files that contain it.
"""

import ast
import subprocess
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]


@cache
def tracked() -> tuple[str, ...]:
    """Return the paths of all tracked files that exist, relative to the root."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True, timeout=30
    )
    paths = [path for path in listed.stdout.split("\0") if path and (ROOT / path).is_file()]
    assert paths
    return tuple(paths)


@cache
def text(path: str) -> str:
    """Return the content of a file; invalid bytes become replacement characters."""
    return (ROOT / path).read_text(encoding="utf-8", errors="replace")


@cache
def tree(path: str) -> ast.Module:
    return ast.parse(text(path), filename=path)


def python(*folders: str, words: Iterable[str] = ()) -> list[str]:
    """Return the tracked Python files below these folders that contain one of the words, if any."""
    paths = [path for path in tracked() if path.endswith(".py") and path.startswith(folders)]
    wanted = tuple(words)
    if not wanted:
        return paths
    return [path for path in paths if any(word in text(path) for word in wanted)]


def calls(path: str) -> Iterator[tuple[ast.Call, str]]:
    """Yield every call in a file with the dotted name that it calls, such as `asyncio.sleep`."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Call):
            yield node, ast.unparse(node.func)
