"""The words and documents that code and prose may refer to."""

import ast
import re
from pathlib import PurePath

import pytest

from tests.tidy.repository import ROOT, python, text, tracked, tree
from tests.tidy.vocabulary import (
    ALLOWED,
    PROSE,
    RETIRED,
    RETIRED_NAMES,
    WORD_LISTS,
    retired_in_content,
    retired_in_name,
    retired_words,
)

DOCUMENT = re.compile(r"[\w./-]*\w\.md\b")
WRITTEN = {"summary.md"}  # by `quoter simulate` into its output folder


def test_no_retired_word_is_used() -> None:
    instead = RETIRED | RETIRED_NAMES
    found = {
        f"{where}: {word} ({instead[word]})": count
        for (where, word), count in sorted(retired_words().items())
    }
    assert found == {}


@pytest.mark.parametrize("word", [min(RETIRED), min(RETIRED_NAMES)])
def test_a_retired_word_is_found_in_the_name_of_a_file(word: str) -> None:
    assert retired_in_name(f"tests/integration/test_daemon_{word}.py") == [word]
    assert retired_in_name(f"quoter/{word}/__init__.py") == [word]
    assert retired_in_name(f"quoter/service/{word}less.py") == []


def test_every_allowed_use_of_a_retired_word_occurs() -> None:
    """An exception that is no longer needed must not stay."""
    unused = {(path, word) for path, word in ALLOWED if word not in retired_in_content(path)}
    assert unused == set()


def cited_documents(path: str) -> list[str]:
    """Markdown files that a file mentions and that the repository does not contain."""
    if ".md" not in text(path):
        return []
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
