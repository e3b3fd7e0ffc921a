"""The README says what is true today."""

from pathlib import Path

from deploy.dev.readme import with_table
from quoter.domain.trading import Cause
from quoter.service.exit_codes import ExitCode

ROOT = Path(__file__).parents[2]


def test_the_settings_table_is_the_settings_class() -> None:
    readme = (ROOT / "README.md").read_text()
    assert with_table(readme) == readme, "run `make env`"


def test_the_runbook_knows_every_exit_code() -> None:
    runbook = (ROOT / "deploy/docs/runbook.md").read_text()
    missing = [code.name for code in ExitCode if f"| {int(code)} |" not in runbook]
    assert missing == []


def test_the_runbook_knows_every_cause() -> None:
    runbook = (ROOT / "deploy/docs/runbook.md").read_text()
    missing = [cause.value for cause in Cause if f"`{cause.value}`" not in runbook]
    assert missing == []
