"""The style rules that no linter of ours checks."""

import ast
import io
import re
import tokenize

from tests.tidy.repository import python, text, tracked, tree

FUNCTION_LINES_MAX = 50
ALL = ("quoter/", "tests/", "deploy/")
# Standard output belongs to these; everything else logs.
MAY_PRINT = ("quoter/cli/", "quoter/app/", "quoter/service/terminal/live_screen.py")


def comments(path: str) -> list[tuple[int, str]]:
    tokens = tokenize.generate_tokens(io.StringIO(text(path)).readline)
    return [(token.start[0], token.string) for token in tokens if token.type == tokenize.COMMENT]


def docstring_lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """What a function promises may take the room that it needs."""
    if ast.get_docstring(node) is None:
        return 0
    first = node.body[0]
    return (first.end_lineno or first.lineno) - first.lineno + 1


def test_functions_fit_on_one_screen() -> None:
    long = {}
    for path in python(*ALL):
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = (node.end_lineno or node.lineno) - node.lineno + 1 - docstring_lines(node)
                if lines > FUNCTION_LINES_MAX:
                    long[f"{path}:{node.lineno} {node.name}"] = lines
    assert long == {}


def test_only_the_command_line_prints() -> None:
    found = [
        f"{path}:{node.lineno}"
        for path in python("quoter/")
        if not path.startswith(MAY_PRINT)
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "print"
    ]
    assert found == []


def test_only_the_risk_gate_makes_an_order() -> None:
    found = {
        path
        for path in python("quoter/")
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] == "PlaceOrder"
    }
    assert found == {"quoter/risk/order_rules.py"}


def test_only_settings_and_the_command_line_read_the_environment() -> None:
    readers = {
        path
        for path in python("quoter/")
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Attribute) and ast.unparse(node) in {"os.environ", "os.getenv"}
    }
    assert readers <= {
        "quoter/settings/load.py",
        "quoter/settings/reload.py",
        "quoter/cli/options.py",
    }


def test_open_ends_have_an_owner() -> None:
    loose = re.compile(r"#.*\b(TODO|FIXME|XXX|HACK)\b(?!\([a-z]+\))")
    found = [
        f"{path}:{line}"
        for path in python(*ALL)
        for line, comment in comments(path)
        if loose.search(comment)
    ]
    assert found == []


def test_every_silenced_rule_says_why() -> None:
    """`noqa: X123 - reason`, never a bare one."""
    reasoned = re.compile(r"noqa: [A-Z]+[0-9]+(, ?[A-Z]+[0-9]+)* +\S+ ?\S+")
    found = [
        f"{path}:{line} {comment}"
        for path in python(*ALL)
        for line, comment in comments(path)
        if "noqa" in comment and not reasoned.search(comment)
    ]
    assert found == []


def test_every_ignored_rule_of_the_project_says_why() -> None:
    found = []
    is_list = False
    for line in text("pyproject.toml").splitlines():
        opens = bool(re.match(r'(ignore|"[^"]+\.py"|"[^"]+\*\*") = \[', line))
        is_list = is_list or opens
        if is_list and re.search(r'"[A-Z]+[0-9]+"', line) and "#" not in line:
            found.append(line)
        if "]" in line:
            is_list = False
    assert found == []


def test_whoever_catches_everything_says_why() -> None:
    broad = re.compile(r"except\*? \(?(Base)?Exception\b")
    found = [
        f"{path}:{number}"
        for path in python("quoter/", "deploy/")
        for number, line in enumerate(text(path).splitlines(), start=1)
        if broad.search(line) and "#" not in line
    ]
    assert found == []


def test_nobody_turns_the_failures_of_tasks_into_values() -> None:
    """`gather(return_exceptions=True)` hides which of them failed, and that one did."""
    found = [
        f"{path}:{node.lineno}"
        for path in python("quoter/", "deploy/")
        for node in ast.walk(tree(path))
        if isinstance(node, ast.keyword) and node.arg == "return_exceptions"
    ]
    assert found == []


def test_tasks_of_the_daemon_are_started_under_supervision() -> None:
    """A bare `TaskGroup.create_task` takes no notice of a task that returns."""
    found = [
        f"{path}:{node.lineno}"
        for path in python("quoter/service/", "quoter/venues/")
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "tasks.create_task"
    ]
    assert [
        line for line in found if not line.startswith("quoter/venues/supervised_tasks.py")
    ] == []


def test_tests_do_not_sleep_and_hope() -> None:
    """A sleep must be short: it belongs into a loop that waits for a condition."""
    found = []
    for path in python("tests/"):
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in {
                "time.sleep",
                "asyncio.sleep",
            }:
                seconds = node.args[0]
                if isinstance(seconds, ast.Constant) and float(str(seconds.value)) > 0.2:
                    found.append(f"{path}:{node.lineno}")
    assert found == []


def test_modules_and_public_classes_are_described() -> None:
    """Nobody guesses what a thing is for from its name alone."""
    bare = [
        path
        for path in python("quoter/")
        if text(path).strip() and ast.get_docstring(tree(path)) is None
    ]
    bare += [
        f"{path}:{node.lineno} {node.name}"
        for path in python("quoter/")
        for node in tree(path).body
        if isinstance(node, ast.ClassDef)
        if not node.name.startswith("_") and ast.get_docstring(node) is None
    ]
    assert bare == []


def test_something_was_looked_at() -> None:
    assert len(python("quoter/")) > 20
    assert len(tracked()) > 40
