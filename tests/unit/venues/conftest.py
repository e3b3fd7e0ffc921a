"""Shared by the tests of venues: ccxt's clients close at once."""

import pytest
from ccxt.async_support.base.exchange import Exchange


@pytest.fixture(autouse=True)
def _closing_clients_wait_for_no_tls(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each close waits 0.25 s for the end of TLS connections, which these tests do not open."""
    monkeypatch.setattr(Exchange, "timeout_on_exit", 0)
