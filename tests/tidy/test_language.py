"""The words and documents that code and prose may refer to."""

import ast
import re
from pathlib import PurePath

from tests.tidy.repository import ROOT, python, text, tracked, tree
from tests.tidy.vocabulary import PROSE, RETIRED, RETIRED_NAMES, WORD_LISTS, retired_words

DOCUMENT = re.compile(r"[\w./-]*\w\.md\b")
WRITTEN = {"summary.md"}  # by `quoter simulate` into its output folder


def test_no_retired_word_is_used() -> None:
    instead = RETIRED | RETIRED_NAMES
    found = {
        f"{where}: {word} ({instead[word]})": count
        for (where, word), count in sorted(retired_words().items())
    }
    assert found == {}


def cited_documents(path: str) -> list[str]:
    """Markdown files that a file mentions and that the repository does not contain."""
    folder = ROOT / PurePath(path).parent
    return [
        name
        for name in DOCUMENT.findall(text(path))
        if not (ROOT / name).is_file() and not (folder / name).is_file()
        if name not in WRITTEN
    ]


def test_every_document_that_is_cited_is_in_the_repository() -> None:
    missing = {
        path: names
        for path in tracked()
        if PROSE.search(path) and path not in WORD_LISTS
        if (names := cited_documents(path))
    }
    assert missing == {}


def test_every_package_has_a_docstring() -> None:
    missing = {
        path
        for path in python("quoter/")
        if path.endswith("/__init__.py") and ast.get_docstring(tree(path)) is None
    }
    assert missing == set()
