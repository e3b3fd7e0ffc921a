"""Shared by all lanes: slow tests start first, so that no lane ends with one long test alone."""

import pytest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the tests that are marked slow in front; both parts keep their order."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)
