"""Structure of the repository, and what it must not contain."""

import re

import pytest

from tests.tidy.repository import ROOT, python, text, tracked

TOP_LEVEL = {
    "pyproject.toml", "README.md", "quoter", "deploy", "tests", "Dockerfile",
    "docker-compose.yml", ".env.example",
}  # fmt: skip
ALLOWED = {
    "Makefile", "LICENSE", "CHANGELOG.md", "ARCHITECTURE.md",
    "requirements.lock", "requirements-dev.lock",
    ".python-version", ".ci", ".editorconfig", ".gitignore", ".gitattributes", ".dockerignore",
    ".github", ".pre-commit-config.yaml",
}  # fmt: skip
# Split, so that this file does not match.
INDEX_HOSTS = (
    "py" + "pi.org", "python" + "hosted.org", "npm" + "js.org", "npm" + "js.com",
    "ana" + "conda.org", "proxy.gol" + "ang.org", "crates" + ".io",
)  # fmt: skip
MACHINE_PATHS = ("/wo" + "rk/", "/ro" + "ot/", "/ho" + "me/", "/Us" + "ers/")
PRIVATE_KEY = re.compile("-----BEGIN [A-Z ]*PRIV" + "ATE KEY-----")
SECRET_WORDS = re.compile(r"^QUOTER_API_[A-Z_]*=\S", re.MULTILINE)
BYTES_MAX = 3_000_000
SIBLINGS_MAX = 22


def test_top_level_has_the_expected_entries() -> None:
    top = {path.split("/")[0] for path in tracked()}
    assert top - TOP_LEVEL - ALLOWED == set()
    assert TOP_LEVEL - top == set()


@pytest.mark.parametrize("words", [INDEX_HOSTS, MACHINE_PATHS], ids=["hosts", "paths"])
def test_no_file_names_a_package_index_or_a_local_path(
    words: tuple[str, ...],
) -> None:
    found = [(path, word) for path in tracked() for word in words if word in text(path)]
    assert found == []


def test_no_secret_is_committed() -> None:
    found = [
        path
        for path in tracked()
        if path.rsplit("/", 1)[-1] == ".env"
        or PRIVATE_KEY.search(text(path))
        or (".env" in path and SECRET_WORDS.search(text(path)))
    ]
    assert found == []


def test_no_file_is_larger_than_three_megabytes() -> None:
    assert [path for path in tracked() if (ROOT / path).stat().st_size > BYTES_MAX] == []


def test_unit_tests_mirror_the_package() -> None:
    """tests/unit/a/test_b.py, or test_b_more.py, tests quoter/a/b.py (or deploy's own)."""
    strays = []
    for path in python("tests/unit/"):
        folder, _, name = path.removeprefix("tests/unit/").rpartition("/")
        if not name.startswith("test_"):
            continue
        roots = [ROOT / folder] if folder.startswith("deploy") else [ROOT / "quoter" / folder]
        if folder == "deploy":
            continue
        wanted = name.removeprefix("test_").removesuffix(".py")
        modules = {found.stem for root in roots if root.is_dir() for found in root.iterdir()}
        if not any(wanted == module or wanted.startswith(f"{module}_") for module in modules):
            strays.append(path)
    assert strays == []


def test_every_folder_has_an_init_module() -> None:
    folders = {path.rpartition("/")[0] for path in python("quoter/")}
    assert {folder for folder in folders if f"{folder}/__init__.py" not in tracked()} == set()


def test_no_folder_has_more_than_22_modules() -> None:
    """A folder with more modules should be split into sub-packages."""
    crowded = {}
    for folder in {path.rpartition("/")[0] for path in python("quoter/")}:
        modules = [
            path
            for path in python(f"{folder}/")
            if path.rpartition("/")[0] == folder and not path.endswith("__init__.py")
        ]
        if len(modules) > SIBLINGS_MAX:
            crowded[folder] = len(modules)
    assert crowded == {}
