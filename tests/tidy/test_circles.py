"""No import cycles, imports for type checking included."""

import ast
from graphlib import CycleError, TopologicalSorter

import pytest

from tests.tidy.repository import python, tree


def module_of(path: str) -> str:
    return path.removesuffix(".py").replace("/", ".").removesuffix(".__init__")


MODULES = {module_of(path) for path in python("quoter/")}


def imported(path: str) -> set[str]:
    """Return the modules of quoter that a module imports, anywhere in it."""
    found = set[str]()
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.ImportFrom) and node.module in MODULES:
            for alias in node.names:
                module = f"{node.module}.{alias.name}"
                found.add(module if module in MODULES else node.module)
    return found - {module_of(path)}


@pytest.mark.slow
def test_there_are_no_import_cycles() -> None:
    graph = {module_of(path): imported(path) for path in python("quoter/")}
    assert any(graph.values())
    try:
        tuple(TopologicalSorter(graph).static_order())
    except CycleError as error:
        raise AssertionError(f"import cycle: {error.args[1]}") from None
