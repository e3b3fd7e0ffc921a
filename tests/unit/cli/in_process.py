"""The command line inside this process: no start of an interpreter, no import of the libraries."""

import os
import sys
from pathlib import Path

import pytest

from quoter.cli import main as cli


def enter_empty_folder(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """Work in a folder without .env and without settings in the environment."""
    for name in list(os.environ):
        if name.upper().startswith("QUOTER_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(folder)


def run_main(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *words: str
) -> tuple[int, str, str]:
    """Run `main` as a shell would; return exit code, standard output and standard error."""
    monkeypatch.setattr(sys, "argv", ["quoter", *words])
    with pytest.raises(SystemExit) as caught:
        cli.main()
    out, err = capsys.readouterr()
    assert isinstance(caught.value.code, int)
    return caught.value.code, out, err
