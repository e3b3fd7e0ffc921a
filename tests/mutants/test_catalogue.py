"""Every patch applies to the present tree, and every test that a mutant names exists."""

import ast

import pytest

from tests.mutants.catalogue import FALLBACK, MUTANTS
from tests.mutants.mutant import BrokenMutant, Edit, Mutant
from tests.tidy.repository import ROOT

MUTANTS_MIN = 18


def test_there_are_enough_mutants_and_their_names_are_unique() -> None:
    names = [mutant.name for mutant in MUTANTS]
    assert len(set(names)) == len(names) >= MUTANTS_MIN


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_every_patch_applies_exactly_once_and_gives_valid_python(mutant: Mutant) -> None:
    assert mutant.edits
    for edit in mutant.edits:
        ast.parse(edit.apply((ROOT / edit.path).read_text()))


@pytest.mark.parametrize("selection", sorted({s for m in MUTANTS for s in m.tests} | {*FALLBACK}))
def test_every_selection_names_existing_tests(selection: str) -> None:
    path, _, name = selection.partition("::")
    assert (ROOT / path).exists()
    if name:
        tree = ast.parse((ROOT / path).read_text())
        functions = ast.FunctionDef | ast.AsyncFunctionDef
        assert name in {node.name for node in tree.body if isinstance(node, functions)}


@pytest.mark.parametrize(("old", "new"), [("a", "b"), ("none", "b"), ("once", "once")])
def test_a_patch_that_does_not_apply_raises(old: str, new: str) -> None:
    with pytest.raises(BrokenMutant, match=r"file\.py"):
        Edit("file.py", old, new).apply("a and a, once")
