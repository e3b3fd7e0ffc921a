"""What may run here: few packages, each by its hash, and nothing that turns data into code."""

import ast
import re
import tomllib
from importlib import metadata
from itertools import pairwise

import pytest

from quoter.venues.egress import code_integrity
from tests.tidy.repository import ROOT, python, text, tree

PACKAGES_MAX = 42  # direct and transitive, for the daemon on all platforms: raise it with a reason
NOT_DATA = {"pickle", "marshal", "shelve", "yaml", "dill", "joblib", "cloudpickle"}
RUNS_TEXT = {"eval", "exec", "compile", "__import__"}
LOCKS = ("requirements.lock", "requirements-dev.lock", "deploy/dev/audit.lock")
# What may be given on without giving our own source away.
LICENCES = re.compile(
    r"\b(MIT|BSD|Apache|ISC|PSF|MPL|Mozilla|Python Software Foundation|Zlib|0BSD|Unlicense)\b",
    re.IGNORECASE,
)
PINNED = re.compile(r"^[A-Za-z0-9._-]+==[^ \\]+( ;[^\\]*)? \\$")
HASH = re.compile(r"^    --hash=sha256:[0-9a-f]{64}( \\)?$")


def imported(path: str) -> set[str]:
    """First parts of everything that a module imports, wherever it does."""
    names = set[str]()
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
    return {name.partition(".")[0] for name in names}


def test_nothing_of_ours_reads_data_that_can_run() -> None:
    assert {path for path in python("quoter/") if imported(path) & NOT_DATA} == set()


def test_nothing_of_ours_runs_text() -> None:
    found = [
        f"{path}:{node.lineno}"
        for path in python("quoter/")
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Call) and ast.unparse(node.func) in RUNS_TEXT
    ]
    assert found == []


def test_yaml_is_read_safely_where_it_is_read_at_all() -> None:
    found = [
        f"{path}:{node.lineno}"
        for path in python("tests/", "deploy/")
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Call)
        and ast.unparse(node.func) in {"yaml.load", "yaml.unsafe_load", "yaml.full_load"}
    ]
    assert found == []


def test_the_linters_security_rules_are_on() -> None:
    """They name what is never asked: TLS without verification, weak hashes, shells, pickles."""
    lint = tomllib.loads(text("pyproject.toml"))["tool"]["ruff"]["lint"]
    assert "S" in lint["select"]
    assert {rule for rule in lint["ignore"] if rule.startswith("S")} <= {"S311"}


@pytest.mark.parametrize("lock", LOCKS)
def test_every_package_is_locked_by_its_hash(lock: str) -> None:
    lines = [line for line in text(lock).splitlines() if not line.lstrip().startswith("#")]
    strange = [line for line in lines if not PINNED.match(line) and not HASH.match(line)]
    assert strange == []
    for line, after in pairwise(lines):
        assert not PINNED.match(line) or HASH.match(after), line


def test_the_ccxt_that_is_asked_for_locked_and_checked_at_the_start_is_one() -> None:
    assert f'"ccxt=={code_integrity.PINNED}"' in text("pyproject.toml")
    assert f"\nccxt=={code_integrity.PINNED} \\" in text("requirements.lock")


def test_the_daemon_needs_few_packages() -> None:
    packages = [line for line in text("requirements.lock").splitlines() if PINNED.match(line)]
    assert 10 < len(packages) <= PACKAGES_MAX


def test_every_licence_lets_us_use_it() -> None:
    """Of what is installed here: packages for another platform are not."""
    strange = {}
    for line in text("requirements.lock").splitlines():
        if not PINNED.match(line):
            continue
        name = line.partition("==")[0]
        try:
            about = metadata.metadata(name)
        except metadata.PackageNotFoundError:
            assert ";" in line, f"{name} is not installed"
            continue
        told = [about.get("License-Expression") or "", (about.get("License") or "")[:200]]
        told += [item for item in about.get_all("Classifier") or [] if item.startswith("License")]
        if not LICENCES.search(" ".join(told)) or "GPL" in " ".join(told):
            strange[name] = told
    assert strange == {}


def test_the_image_installs_by_hash_and_builds_nothing() -> None:
    dockerfile = (ROOT / "Dockerfile").read_text()
    assert "--require-hashes" in dockerfile


def test_no_name_from_the_venue_becomes_a_path() -> None:
    """Folders and files have names of ours: the door to the venue knows no file system."""
    doors = {path for path in python("quoter/venues/") if imported(path) & {"pathlib", "shutil"}}
    assert doors <= {"quoter/venues/egress/code_integrity.py"}  # which reads installed code
