"""Style rules that the linters do not check."""

import ast
import io
import re
import tokenize

from tests.tidy.repository import calls, python, text, tracked, tree

FUNCTION_LINES_MAX = 50
DEFINITION = re.compile(r"( *)(?:async def|def|class)\b")
ALL = ("quoter/", "tests/", "deploy/")
# These may print; all other modules log.
MAY_PRINT = ("quoter/cli/", "quoter/app/", "quoter/service/terminal/live_screen.py")


def comments(path: str) -> list[tuple[int, str]]:
    tokens = tokenize.generate_tokens(io.StringIO(text(path)).readline)
    return [(token.start[0], token.string) for token in tokens if token.type == tokenize.COMMENT]


def docstring_lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Return the number of lines of a docstring; they do not count as length."""
    if ast.get_docstring(node) is None:
        return 0
    first = node.body[0]
    return (first.end_lineno or first.lineno) - first.lineno + 1


def may_have_long_functions(source: str) -> bool:
    """Whether a definition is farther than the limit from the next one that is not inside it.

    Most files are not: they need no parsing, which takes seconds for all of them.
    """
    begun: list[tuple[int, int]] = []  # indentation and line of each definition around this line
    for number, line in enumerate([*source.splitlines(), "class End"]):
        if (match := DEFINITION.match(line)) is None:
            continue
        indentation = len(match[1])
        while begun and begun[-1][0] >= indentation:
            if number - begun.pop()[1] > FUNCTION_LINES_MAX:
                return True
        begun.append((indentation, number))
    return False


def test_functions_are_at_most_fifty_lines() -> None:
    long = {}
    for path in python(*ALL):
        if not may_have_long_functions(text(path)):
            continue
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = (node.end_lineno or node.lineno) - node.lineno + 1 - docstring_lines(node)
                if lines > FUNCTION_LINES_MAX:
                    long[f"{path}:{node.lineno} {node.name}"] = lines
    assert long == {}


def test_only_the_command_line_prints() -> None:
    found = [
        f"{path}:{call.lineno}"
        for path in python("quoter/", words=["print"])
        if not path.startswith(MAY_PRINT)
        for call, name in calls(path)
        if name == "print"
    ]
    assert found == []


def test_only_the_order_rules_create_orders() -> None:
    found = {
        path
        for path in python("quoter/", words=["PlaceOrder"])
        for call, name in calls(path)
        if name.split(".")[-1] == "PlaceOrder"
    }
    assert found == {"quoter/risk/order_rules.py"}


def test_only_settings_and_the_command_line_read_the_environment() -> None:
    readers = {
        path
        for path in python("quoter/", words=["environ", "getenv"])
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Attribute) and ast.unparse(node) in {"os.environ", "os.getenv"}
    }
    assert readers <= {
        "quoter/settings/load.py",
        "quoter/settings/reload.py",
        "quoter/cli/options.py",
    }


def test_todo_comments_name_an_owner() -> None:
    words = ["TODO", "FIXME", "XXX", "HACK"]
    loose = re.compile(rf"#.*\b({'|'.join(words)})\b(?!\([a-z]+\))")
    found = [
        f"{path}:{line}"
        for path in python(*ALL, words=words)
        for line, comment in comments(path)
        if loose.search(comment)
    ]
    assert found == []


def test_every_noqa_gives_a_reason() -> None:
    """`noqa: X123 - reason`, never a bare one."""
    reasoned = re.compile(r"noqa: [A-Z]+[0-9]+(, ?[A-Z]+[0-9]+)* +\S+ ?\S+")
    found = [
        f"{path}:{line} {comment}"
        for path in python(*ALL, words=["noqa"])
        for line, comment in comments(path)
        if "noqa" in comment and not reasoned.search(comment)
    ]
    assert found == []


def test_every_ignored_lint_rule_gives_a_reason() -> None:
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


def test_every_broad_except_gives_a_reason() -> None:
    broad = re.compile(r"except\*? \(?(Base)?Exception\b")
    found = [
        f"{path}:{number}"
        for path in python("quoter/", "deploy/")
        for number, line in enumerate(text(path).splitlines(), start=1)
        if broad.search(line) and "#" not in line
    ]
    assert found == []


def test_gather_never_returns_exceptions() -> None:
    """`gather(return_exceptions=True)` hides that a task failed, and which one."""
    found = [
        f"{path}:{node.lineno}"
        for path in python("quoter/", "deploy/", words=["return_exceptions"])
        for node in ast.walk(tree(path))
        if isinstance(node, ast.keyword) and node.arg == "return_exceptions"
    ]
    assert found == []


def test_daemon_tasks_are_supervised() -> None:
    """A bare `TaskGroup.create_task` does not notice a task that returns early."""
    found = [
        f"{path}:{call.lineno}"
        for path in python("quoter/service/", "quoter/venues/", words=["create_task"])
        for call, name in calls(path)
        if name == "tasks.create_task"
    ]
    assert [
        line for line in found if not line.startswith("quoter/venues/supervised_tasks.py")
    ] == []


def test_tests_do_not_wait_by_long_sleeps() -> None:
    """Short sleeps are allowed inside loops that wait for a condition."""
    found = []
    for path in python("tests/", words=["sleep"]):
        for call, name in calls(path):
            if name in {"time.sleep", "asyncio.sleep"}:
                seconds = call.args[0]
                if isinstance(seconds, ast.Constant) and float(str(seconds.value)) > 0.2:
                    found.append(f"{path}:{call.lineno}")
    assert found == []


def test_modules_and_public_classes_have_docstrings() -> None:
    """A name alone does not explain the purpose."""
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


def test_the_checked_files_are_found() -> None:
    assert len(python("quoter/")) > 20
    assert len(tracked()) > 40
