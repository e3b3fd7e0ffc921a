"""`deploy/docs/reliability.md` defines every rule id in use and names tests that exist."""

import re

from tests.tidy.repository import ROOT, text, tracked

PAGE = "deploy/docs/reliability.md"
RULE = re.compile(r"\b(?:(?:PT|KS|FD|OL|RC|SE|F)-[0-9]{2}|[KPRIQF][0-9]{1,2})\b")
ROW = re.compile(r"\| (" + RULE.pattern + r")(?: ●)? (?=\|)")
NAMED_TEST = re.compile(r"`(tests/[\w./]+)`")
# Letters and numbers that mean something else: data, panels of the dashboard, this test.
NO_RULES = ("tests/golden/", "deploy/grafana/", "deploy/e2e/", "tests/tidy/test_reliability.py")


def defined() -> set[str]:
    return set(ROW.findall(text(PAGE)))


def test_every_rule_id_in_use_is_defined() -> None:
    rules = defined()
    unknown = {
        (path, rule)
        for path in tracked()
        if path.startswith(("quoter/", "tests/", "deploy/")) and not path.startswith(NO_RULES)
        if path.endswith((".py", ".md", ".yml"))
        for rule in RULE.findall(text(path))
        if rule not in rules
    }
    assert unknown == set()


def test_no_rule_is_defined_twice() -> None:
    rules = ROW.findall(text(PAGE))
    assert sorted(rules) == sorted(set(rules))


def test_every_rule_names_tests_and_all_of_them_exist() -> None:
    named = NAMED_TEST.findall(text(PAGE))
    missing = [path for path in named if not (ROOT / path).exists()]
    assert missing == [], f"renamed? then correct {PAGE}"
    without = [
        row
        for row in text(PAGE).splitlines()
        if ROW.match(row) and not NAMED_TEST.search(row) and not row.startswith("| F-")
    ]
    assert without == []
