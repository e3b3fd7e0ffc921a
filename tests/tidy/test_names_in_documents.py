"""Links and names in documents: what they name, the repository has."""

import re
from collections.abc import Iterator
from functools import cache

import pytest
import typer
from typer.core import TyperCommand, TyperGroup

from deploy.grafana.panels import ROWS
from quoter.cli.main import app
from quoter.settings import known_names
from tests.tidy.repository import ROOT, python, text, tracked
from tests.unit.deploy.test_observability import RULES, exposed_names, rules

CHANGELOG = "CHANGELOG.md"  # names what there was, too
DOCUMENTS = tuple(path for path in tracked() if path.endswith(".md"))
PRESENT = tuple(path for path in DOCUMENTS if path != CHANGELOG)
COMPOSE, ALERTS = "docker-compose.yml", str(RULES.relative_to(ROOT))
# Names that a reader is to choose or to add.
EXAMPLES = {
    *("QUOTER_BOOK_SPREAD_MIN_BPS", "QUOTER_NAME", "quoter_quotes_total"),
    *("test_order_rules_book_spread_min", "make the"),
}
SECRET_FILES = {name.lower() for name in known_names()}
CODE = re.compile(r"^```.*?^```|^ {4}.*?$|`[^`\n]+`", re.DOTALL | re.MULTILINE)
COMMAND = re.compile(
    r"(?:^|[`;&(]|bin/|quoter |[A-Z_]+=\S+ |: )\s*quoter ([a-z][a-z-]+)([^`\n#|;&()]*)",
    re.MULTILINE,
)


def code(path: str) -> str:
    """Return what a document sets as code: blocks, indented lines and words."""
    return "\n".join(CODE.findall(text(path)))


def missing(pattern: str, known: set[str], *, paths: tuple[str, ...] = DOCUMENTS) -> list[str]:
    """Return each name in these files that matches the pattern and is not known."""
    found = (
        (path, " ".join(name.split())) for path in paths for name in re.findall(pattern, text(path))
    )
    return sorted({f"{path}: {name}" for path, name in found if name not in known | EXAMPLES})


@cache
def anchors(path: str) -> frozenset[str]:
    """Return the anchors of a page's headings, as GitHub makes them."""
    titles = re.findall(r"^#+ +(.+)$", text(path), re.MULTILINE)
    return frozenset(re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles)


def broken_links(path: str) -> Iterator[str]:
    for link in re.findall(r"\]\(([^)\s]+)\)", text(path)):
        target, _, anchor = link.partition("#")
        page = ((ROOT / path).parent / target).resolve() if target else ROOT / path
        if "://" in link:
            continue
        if not page.exists() or (anchor and anchor not in anchors(str(page.relative_to(ROOT)))):
            yield link


def unknown_words(path: str) -> Iterator[str]:
    """Yield the commands and options of quoter in a document that do not exist."""
    root = typer.main.get_command(app)
    for words in COMMAND.findall(code(path)):
        command: object = root
        given = " ".join(words).split()
        while isinstance(command, TyperGroup) and given and given[0] in command.commands:
            command = command.commands[given.pop(0)]
        if command is root:
            yield f"quoter {' '.join(words)}"
        elif isinstance(command, TyperCommand | TyperGroup):
            known = {option for param in command.params for option in param.opts} | {"--help"}
            yield from (
                word for word in re.findall(r"--[a-z-]+", " ".join(given)) if word not in known
            )


@pytest.mark.parametrize("path", DOCUMENTS)
def test_every_link_leads_to_a_file_and_a_heading(path: str) -> None:
    assert list(broken_links(path)) == []


@pytest.mark.parametrize("path", PRESENT)
def test_every_command_of_quoter_and_its_options_exist(path: str) -> None:
    assert list(unknown_words(path)) == []


def test_every_setting_exists() -> None:
    known = set(known_names())
    assert missing(r"\bQUOTER_[A-Z_]+[A-Z]\b", known, paths=(*PRESENT, COMPOSE, ALERTS)) == []


def test_every_metric_alert_and_panel_exists() -> None:
    series = exposed_names()
    metrics = series | {name.removesuffix("_bucket") for name in series} | SECRET_FILES
    assert missing(r"\bquoter_[a-z_]+[a-z]\b", metrics, paths=PRESENT) == []
    alerts = {str(rule.get("alert")) for rule in rules()}
    assert missing(r"\bQuoter[A-Z]\w+", alerts, paths=PRESENT) == []
    titles = {panel.title for row in ROWS for panel in row.panels}
    assert missing(r'panel "([^"]+)"', titles, paths=(*PRESENT, ALERTS)) == []


def test_every_target_of_make_exists() -> None:
    names = re.findall(r"^([a-z0-9-]+):", text("Makefile"), re.MULTILINE)
    targets = {f"make {name}" for name in names}
    assert missing(r"[`(\n] *(make [a-z][a-z-]+)", targets) == []


def test_every_file_and_folder_exists() -> None:
    files = set(tracked())
    folders = {f"{parent}/" for path in files for parent in _parents(path)}
    suffix = r"\b((?:quoter|tests|deploy)/[\w/.-]+\.(?:py|md|yml|json|env|sh|mjs|lock))\b"
    assert missing(suffix, files, paths=PRESENT) == []
    assert missing(r"`((?:quoter|tests|deploy)/[\w/.-]+/)`", folders, paths=PRESENT) == []
    names = (path.removesuffix(".py").removesuffix("/__main__") for path in files)
    modules = {name.replace("/", ".") for name in names}
    assert missing(r"python -m ((?:quoter|tests|deploy)[\w.]*)", modules, paths=PRESENT) == []


def test_every_test_exists() -> None:
    names = {path.rsplit("/", 1)[-1].removesuffix(".py") for path in python("tests/")}
    for path in python("tests/"):
        names |= set(re.findall(r"^ *(?:async )?def (test_\w+)\(", text(path), re.MULTILINE))
    assert missing(r"`(test_\w+)(?:\.py)?`", names, paths=PRESENT) == []


def _parents(path: str) -> Iterator[str]:
    while "/" in path:
        path = path.rsplit("/", 1)[0]
        yield path
