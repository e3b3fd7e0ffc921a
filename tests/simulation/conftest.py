"""Shared by all simulations: they need processor time, so their time limit is generous."""

import pytest

TIMEOUT_S = 1_800.0  # on a free machine a minute; `make test` runs them at the lowest priority


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give every simulation the time limit."""
    for item in items:
        if item.path.is_relative_to(__file__.rpartition("/")[0]):
            item.add_marker(pytest.mark.timeout(TIMEOUT_S))
