"""The document about the sandbox lists every fault, and names tests that use it."""

import re
from dataclasses import dataclass

import pytest

from quoter.sandbox import admin
from quoter.sandbox.exchange.fault_kinds import COMMON_FIELDS, DESCRIPTIONS
from quoter.sandbox.exchange.faults import Endpoint, Fault, FaultKind
from tests.recordings import ROOT

PAGE = (ROOT / "deploy/docs/sandbox.md").read_text()
CATALOGUE = (ROOT / "deploy/docs/reliability.md").read_text()
SECTION = PAGE.partition("\n## Faults\n")[2].partition("\n## ")[0]
READS = {"truth", "wire-log", "faults", "stats"}  # admin requests that cause nothing


@dataclass(frozen=True)
class Row:
    """One row of a table of the section."""

    name: str
    effect: str
    words: frozenset[str]
    rules: frozenset[str]
    test: str


def rows() -> list[Row]:
    found = []
    for line in SECTION.splitlines():
        if not line.startswith("| `"):
            continue
        first, *cells, last = (cell.strip() for cell in line.strip("|").split("|"))
        found.append(
            Row(
                name=first.strip("`"),
                effect=cells[0],
                words=frozenset(re.findall(r"`([^`]+)`", " ".join(cells))),
                rules=frozenset(re.findall(r"F-[0-9]{2}", cells[-1])),
                test=last.strip("`"),
            )
        )
    return found


ROWS = rows()


def test_every_kind_of_fault_and_every_admin_request_is_listed_once() -> None:
    requests = set(
        re.findall(r"^(?:GET|POST|DELETE) +([a-z/-]+)", str(admin.__doc__), re.MULTILINE)
    )
    assert sorted(row.name for row in ROWS) == sorted({*FaultKind} | requests - READS)


def test_the_list_says_what_the_command_says() -> None:
    """`quoter sandbox fault kinds` prints these texts, and `arm` refuses every other field."""
    kinds = [row for row in ROWS if row.name in {*FaultKind}]
    assert {row.name: row.effect for row in kinds} == {
        kind: about.effect for kind, about in DESCRIPTIONS.items()
    }
    for row in kinds:
        own = DESCRIPTIONS[FaultKind(row.name)].fields
        assert row.words & set(Fault.__struct_fields__) - set(COMMON_FIELDS) == set(own), row.name
    fields = {name for about in DESCRIPTIONS.values() for name in about.fields}
    assert {"kind", *COMMON_FIELDS, *fields} == set(Fault.__struct_fields__)


def test_fields_and_endpoints_in_the_list_exist() -> None:
    kinds = {kind.value for kind in FaultKind}
    fields = frozenset().union(*(row.words for row in ROWS if row.name in kinds))
    others = {"text", "close_socket", "serverShutdown"}
    assert fields - others <= set(Fault.__struct_fields__)
    listed = SECTION.partition("`endpoint` is one of")[2].partition(".")[0]
    assert set(re.findall(r"`([^`]+)`", listed)) == {*Endpoint}


def test_the_catalogue_marks_what_the_sandbox_can_cause() -> None:
    marked = set(re.findall(r"\| (F-[0-9]{2}) ● ", CATALOGUE))
    assert frozenset().union(*(row.rules for row in ROWS)) == marked


@pytest.mark.parametrize("row", ROWS, ids=[row.name for row in ROWS])
def test_the_named_test_uses_the_fault(row: Row) -> None:
    text = (ROOT / "tests/integration" / row.test).read_text()
    assert f'"{row.name}' in text, f"{row.test} does not use {row.name}"
