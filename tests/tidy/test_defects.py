"""Every formula defect that other market makers had has a test here that is named for it."""

import ast
import re

from tests.tidy.repository import python, tree

# 1 sigma in place of sigma^2 tau; 2 relative sigma as absolute; 3 annualised sigma; 4 no
# gamma sigma^2 tau in the spread; 5 sign of the skew; 6 log series cut short; 7 gamma to zero;
# 8 kappa from volume; 9 units of kappa and A; 10 no half-spread term of GLFT; 11 level offsets in
# size; 12 levels on one price; 13 no growth of the reducing side; 14 stale quote without input;
# 15 limit that blocks both sides; 16 loss as a share of peak profit; 17 widening that feeds itself;
# 18 made-up price; 19 crossed book cleaned up locally; 20 32-bit floats; 21 inverted toxicity sign;
# 22 failed cancel forgets its order
DEFECTS = {f"f{number:02}" for number in range(1, 23)}
NAME = re.compile(r"_(f[0-9]{2})(?=_)")


def named() -> set[str]:
    """The defects in the names of all test functions."""
    return {
        defect
        for path in python("tests/")
        if path.rpartition("/")[2].startswith("test_")
        for node in ast.walk(tree(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        if node.name.startswith("test_")
        for defect in NAME.findall(node.name)
    }


def test_every_defect_has_a_test_and_no_test_names_another() -> None:
    assert named() == DEFECTS
