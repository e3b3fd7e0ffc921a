"""The generated and hand-written documents match the code."""

from pathlib import Path

from quoter.domain.trading import Cause
from quoter.service.exit_codes import ExitCode
from quoter.settings import settings_page

ROOT = Path(__file__).parents[2]


def test_the_settings_page_is_generated_from_the_settings_classes() -> None:
    assert (ROOT / "deploy/docs/settings.md").read_text() == settings_page(), "run `make env`"


def test_the_runbook_describes_every_exit_code() -> None:
    runbook = (ROOT / "deploy/docs/runbook.md").read_text()
    missing = [code.name for code in ExitCode if f"| {int(code)} |" not in runbook]
    assert missing == []


def test_the_runbook_describes_every_cause() -> None:
    runbook = (ROOT / "deploy/docs/runbook.md").read_text()
    missing = [cause.value for cause in Cause if f"`{cause.value}`" not in runbook]
    assert missing == []
