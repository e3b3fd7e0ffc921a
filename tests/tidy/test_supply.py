"""Dependencies: few packages, locked by hash, and no data that is executed as code."""

import ast
import re
import tomllib
from importlib import metadata
from itertools import pairwise

import pytest

from quoter.venues.egress import code_integrity
from tests.tidy.repository import ROOT, calls, python, text, tree

PACKAGES_MAX = 42  # direct and transitive, for the daemon on all platforms: raise it with a reason
NOT_DATA = {"pickle", "marshal", "shelve", "yaml", "dill", "joblib", "cloudpickle"}
RUNS_PROCESSES = ("quoter/sweep/workers.py", "joblib")  # its processes, neither load nor dump
RUNS_TEXT = {"eval", "exec", "compile", "__import__"}
LOCKS = ("requirements.lock", "requirements-dev.lock", "deploy/dev/audit.lock")
# Licences that do not oblige us to publish our own source.
LICENCES = re.compile(
    r"\b(MIT|BSD|Apache|ISC|PSF|MPL|Mozilla|Python Software Foundation|Zlib|0BSD|Unlicense)\b",
    re.IGNORECASE,
)
PINNED = re.compile(r"^[A-Za-z0-9._-]+==[^ \\]+( ;[^\\]*)? \\$")
HASH = re.compile(r"^    --hash=sha256:[0-9a-f]{64}( \\)?$")


def imported(path: str) -> set[str]:
    """Return the top-level packages that a module imports, anywhere in it."""
    names = set[str]()
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
    return {name.partition(".")[0] for name in names}


def test_no_module_loads_executable_data() -> None:
    paths = python("quoter/", words=NOT_DATA)
    found = {(path, name) for path in paths for name in imported(path) & NOT_DATA}
    assert found == {RUNS_PROCESSES}
    assert "load" not in text(RUNS_PROCESSES[0])
    assert "dump" not in text(RUNS_PROCESSES[0])


def test_no_module_executes_text() -> None:
    found = [
        f"{path}:{call.lineno}"
        for path in python("quoter/", words=RUNS_TEXT)
        for call, name in calls(path)
        if name in RUNS_TEXT
    ]
    assert found == []


def test_yaml_is_loaded_safely() -> None:
    found = [
        f"{path}:{call.lineno}"
        for path in python("tests/", "deploy/", words=["yaml"])
        for call, name in calls(path)
        if name in {"yaml.load", "yaml.unsafe_load", "yaml.full_load"}
    ]
    assert found == []


def test_security_lint_rules_are_enabled() -> None:
    """They cover TLS without verification, weak hashes, shells and pickles."""
    lint = tomllib.loads(text("pyproject.toml"))["tool"]["ruff"]["lint"]
    assert "S" in lint["select"]
    assert {rule for rule in lint["ignore"] if rule.startswith("S")} <= {"S311"}


@pytest.mark.parametrize("lock", LOCKS)
def test_every_package_is_locked_by_hash(lock: str) -> None:
    lines = [line for line in text(lock).splitlines() if not line.lstrip().startswith("#")]
    strange = [line for line in lines if not PINNED.match(line) and not HASH.match(line)]
    assert strange == []
    for line, after in pairwise(lines):
        assert not PINNED.match(line) or HASH.match(after), line


def test_required_locked_and_verified_ccxt_versions_are_equal() -> None:
    assert f'"ccxt=={code_integrity.PINNED}"' in text("pyproject.toml")
    assert f"\nccxt=={code_integrity.PINNED} \\" in text("requirements.lock")


def test_number_of_runtime_packages_is_limited() -> None:
    packages = [line for line in text("requirements.lock").splitlines() if PINNED.match(line)]
    assert 10 < len(packages) <= PACKAGES_MAX


def test_every_installed_licence_is_permitted() -> None:
    """Packages for other platforms are not installed and not checked."""
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
        licences = [about.get("License-Expression") or "", (about.get("License") or "")[:200]]
        licences += [
            item for item in about.get_all("Classifier") or [] if item.startswith("License")
        ]
        if not LICENCES.search(" ".join(licences)) or "GPL" in " ".join(licences):
            strange[name] = licences
    assert strange == {}


def test_image_installs_by_hash_and_builds_no_package() -> None:
    dockerfile = (ROOT / "Dockerfile").read_text()
    assert "--require-hashes" in dockerfile


def test_venue_adapters_use_no_file_system() -> None:
    """So no name that a venue sends can become a path."""
    handling = {"pathlib", "shutil"}
    paths = python("quoter/venues/", words=handling)
    modules = {path for path in paths if imported(path) & handling}
    assert modules <= {"quoter/venues/egress/code_integrity.py"}  # which reads installed code
