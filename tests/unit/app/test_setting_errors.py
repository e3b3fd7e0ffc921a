"""What a venue says is told under the name of the setting that led to it."""

import pytest

from quoter.app.setting_errors import exit_code_for, text_for
from quoter.domain.errors import MarketsUnread, MarketUnfit, VenueError
from quoter.service.exit_codes import ExitCode
from quoter.settings import Environment
from tests.unit.app.test_settings_to_config import settings


def test_a_market_that_is_not_there_is_the_symbols_fault() -> None:
    error = MarketUnfit("binance has no market NO/SUCH")
    text = text_for(error, settings(symbol="NO/SUCH"))
    assert text == "QUOTER_SYMBOL: binance has no market NO/SUCH (got NO/SUCH)"
    assert exit_code_for(error) is ExitCode.USAGE


def test_an_exchange_that_does_not_answer_is_the_urls_fault_in_the_sandbox_only() -> None:
    error = MarketsUnread("ExchangeNotAvailable: binance")
    chosen = settings(sandbox_url="http://127.0.0.1:9")
    text = text_for(error, chosen)
    assert text.startswith("QUOTER_SANDBOX_URL: no exchange answers at http://127.0.0.1:9: ")
    assert text.endswith("ExchangeNotAvailable: binance")
    elsewhere = chosen.model_copy(update={"environment": Environment.TESTNET})
    assert text_for(error, elsewhere) == str(error)
    assert exit_code_for(error) is ExitCode.START_FAILED


@pytest.mark.parametrize("text", ["our clock is +3.000 s off", ""])
def test_anything_else_is_left_as_it_is(text: str) -> None:
    assert text_for(VenueError(text), settings()) == text
    assert exit_code_for(VenueError(text)) is ExitCode.START_FAILED
