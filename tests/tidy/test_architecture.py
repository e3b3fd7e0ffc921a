"""ARCHITECTURE.md and the documents of deploy/docs agree with the tree."""

import re

from deploy.dev.order_table import with_table
from tests.tidy.repository import ROOT, text, tracked

QUOTED_PATH = re.compile(r"`((?:quoter|tests|deploy|\.github)/[\w./-]+)`")
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")


def documents() -> list[str]:
    return [path for path in tracked() if path.endswith(".md")]


def test_the_table_of_order_states_is_the_one_in_the_code() -> None:
    document = text("ARCHITECTURE.md")
    assert with_table(document) == document, "run `make env`"


def test_every_path_in_the_documents_exists() -> None:
    missing = {
        (path, name)
        for path in documents()
        for name in QUOTED_PATH.findall(text(path))
        if not (ROOT / name).exists()
    }
    assert missing == set()


def test_every_link_between_the_documents_leads_somewhere() -> None:
    broken = {
        (path, target)
        for path in documents()
        for target in LINK.findall(text(path))
        if "://" not in target and not ((ROOT / path).parent / target).exists()
    }
    assert broken == set()
