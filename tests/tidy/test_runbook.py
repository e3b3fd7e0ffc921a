"""The tables of the runbook name log events, causes and metrics that the code has."""

import re

from tests.tidy.repository import python, text

PAGE = "deploy/docs/runbook.md"
FIRST_CELL = re.compile(r"^\| ((?:`[a-z][a-z_]*`(?:, | or )?)+) \|", re.MULTILINE)
NAME = re.compile(r"`([a-z_]+)`")


def test_each_name_in_the_first_column_of_a_table_is_in_the_code() -> None:
    """`control` had become `command_audit` in the code."""
    cells = FIRST_CELL.findall(text(PAGE))
    names = {name for cell in cells for name in NAME.findall(cell)}
    assert len(names) > 30, "the tables have another form"
    source = "".join(text(path) for path in python("quoter/"))
    assert {name for name in names if f'"{name}"' not in source} == set()
