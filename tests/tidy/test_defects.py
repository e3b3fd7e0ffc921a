"""Every known defect of other market makers has a test with its number in the name.

`deploy/docs/reliability.md` lists the defects F1 to F22.
"""

import re

from tests.tidy.repository import python, text

DEFECTS = {f"f{number:02}" for number in range(1, 23)}
TEST = re.compile(r"^ *(?:async )?def (test_\w+)\(", re.MULTILINE)
NUMBER = re.compile(r"_(f[0-9]{2})(?=_)")


def named() -> set[str]:
    """Return the defect numbers in the names of all tests."""
    return {
        defect
        for path in python("tests/")
        if path.rpartition("/")[2].startswith("test_")
        for name in TEST.findall(text(path))
        for defect in NUMBER.findall(name)
    }


def test_every_defect_has_a_test_and_no_unknown_one_is_named() -> None:
    assert named() == DEFECTS
