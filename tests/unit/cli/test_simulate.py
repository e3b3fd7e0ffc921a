"""`quoter simulate`: help, report folder, exit codes and errors."""

import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from quoter.cli import main as cli
from quoter.cli import simulate
from quoter.domain.errors import BadSetting
from quoter.service.exit_codes import ExitCode
from quoter.studies import catalogue
from quoter.studies.common.batches import Batch
from quoter.studies.common.options import Options
from quoter.studies.common.report import Report, within
from quoter.studies.widening import study

FAST = ("--paths", "20")


@pytest.fixture(autouse=True)
def _working_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)


def invoke(*words: str) -> Result:
    return CliRunner().invoke(cli.app, ["simulate", *words])


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


class FailingStudy:
    """A study whose only figure is out of tolerance."""

    @staticmethod
    def batches(options: Options) -> list[Batch]:
        return list(study.batches(options))[:1]

    @staticmethod
    def report(*_: object) -> Report:
        checks = [within("x", 1.0, 2.0, 0.1)]
        return Report(study="off", title="FailingStudy", checks=checks, tables=())


def test_help_lists_every_study_without_importing_one() -> None:
    code = (
        "import sys\nfrom quoter.cli.main import app\n"
        "try: app(['simulate', '--help'])\nexcept SystemExit: pass\n"
        "heavy = {'numpy', 'matplotlib', 'quoter.studies', 'quoter.sandbox'} & set(sys.modules)\n"
        "sys.exit(f'imported: {heavy}' if heavy else 0)"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    for name in (*simulate.HELP, "all"):
        assert name in ran.stdout


def test_help_lists_the_same_studies_as_the_catalogue() -> None:
    assert set(simulate.HELP) == set(catalogue.STUDIES)


def test_help_describes_every_option() -> None:
    text = invoke("toxic", "--help").output
    for words in ("the same seed gives", "Number of processes", "Fewer paths", "Folder for"):
        assert words in text


@pytest.mark.slow
def test_the_same_seed_gives_the_same_folder_on_one_process_and_on_two(tmp_path: Path) -> None:
    folders = [tmp_path / name for name in ("one", "two", "other")]
    for folder, words in zip(
        folders,
        (("--jobs", "1"), ("--jobs", "2"), ("--jobs", "1", "--seed", "2")),
        strict=True,
    ):
        result = invoke("widening", *FAST, "--out", str(folder), *words)
        assert result.exit_code == 0, result.output
    one, two, other = map(contents, folders)
    assert one == two
    assert one["results.json"] != other["results.json"]


def test_the_report_goes_below_report_by_default_and_its_table_is_shown(tmp_path: Path) -> None:
    result = invoke("widening", *FAST, "--jobs", "1")
    assert result.exit_code == 0
    (folder,) = (tmp_path / "report").iterdir()
    assert folder.name.startswith("widening-20")
    assert (folder / "summary.md").is_file()
    assert str(Path("report") / folder.name / "summary.md") in result.output
    for words in ("target", "ours", "SE", "verdict", "skew only: CE", "63.898", "ok"):
        assert words in result.output


def test_a_figure_out_of_tolerance_gives_exit_code_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(catalogue.STUDIES, "widening", FailingStudy)
    result = invoke("widening", *FAST, "--jobs", "1", "--out", str(tmp_path / "out"))
    assert result.exit_code == 1
    assert "OFF" in result.output
    assert "0 of 1 figures" in result.output


def test_all_runs_every_study_into_a_folder_of_its_own(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in list(catalogue.STUDIES):
        monkeypatch.setitem(catalogue.STUDIES, name, FailingStudy)
    result = invoke("all", *FAST, "--jobs", "1", "--out", str(tmp_path / "out"))
    assert result.exit_code == 1
    assert {path.name for path in (tmp_path / "out").iterdir()} == set(simulate.HELP)


def test_without_the_extra_the_error_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(simulate, "find_spec", lambda name: None if name == "numpy" else name)
    monkeypatch.setattr(sys, "argv", ["quoter", "simulate", "hedge"])
    with pytest.raises(SystemExit) as caught:
        cli.main()
    assert caught.value.code == ExitCode.USAGE
    error = capsys.readouterr().err
    assert error == "quoter simulate needs numpy: pip install 'quoter[simulate]'\n"


def test_a_folder_that_cannot_be_written_is_reported_before_the_work(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    result = invoke("widening", "--out", str(tmp_path / "file" / "below"))
    assert isinstance(result.exception, BadSetting)
    assert "can't write to" in str(result.exception)


@pytest.mark.parametrize("words", [("--paths", "1"), ("--jobs", "0"), ("--seed", "-1")])
def test_invalid_options_are_refused(words: tuple[str, str]) -> None:
    assert invoke("hedge", *words).exit_code == 2
