"""No two modules import each other, directly or by a detour, imports for types included."""

import ast
from graphlib import CycleError, TopologicalSorter

from tests.tidy.repository import python, tree


def module_of(path: str) -> str:
    return path.removesuffix(".py").replace("/", ".").removesuffix(".__init__")


MODULES = {module_of(path) for path in python("quoter/")}


def imported(path: str) -> set[str]:
    """Modules of ours that a module names in an import, wherever it stands."""
    found = set[str]()
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.ImportFrom) and node.module in MODULES:
            for alias in node.names:
                module = f"{node.module}.{alias.name}"
                found.add(module if module in MODULES else node.module)
    return found - {module_of(path)}


def test_no_module_imports_itself_by_a_detour() -> None:
    graph = {module_of(path): imported(path) for path in python("quoter/")}
    assert any(graph.values())
    try:
        tuple(TopologicalSorter(graph).static_order())
    except CycleError as error:
        raise AssertionError(f"circle: {error.args[1]}") from None
