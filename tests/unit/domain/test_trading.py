"""The order of severity that the kill switch relies on."""

from quoter.domain.trading import TradingState


def test_states_are_ordered_by_severity() -> None:
    assert list(TradingState) == sorted(TradingState)
    assert [state.name for state in TradingState] == ["RUNNING", "REDUCE_ONLY", "PAUSED", "KILLED"]
