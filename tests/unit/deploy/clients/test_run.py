"""The table of clients: what was not reported has failed."""

from deploy.clients.programs.report import STEPS
from deploy.clients.run import CLIENTS, Row, table


def test_a_step_that_was_not_reported_has_failed() -> None:
    row = Row(CLIENTS[0], "1.0", verdicts=dict.fromkeys(STEPS[:-1], True))
    assert not row.holds
    row.verdicts[STEPS[-1]] = True
    assert row.holds
    row.verdicts["fill"] = False
    assert not row.holds
    cells = table([row]).splitlines()[2].split()
    assert cells == [row.client.name, "1.0", "ok", "ok", "ok", "FAIL", "ok", "ok"]


def test_steps_that_a_client_does_not_have_do_not_count() -> None:
    (reader,) = (client for client in CLIENTS if client.steps != STEPS)
    row = Row(reader, "", verdicts=dict.fromkeys(reader.steps, True))
    assert row.holds
    assert table([row]).splitlines()[2].split()[-4:] == ["-"] * 4
