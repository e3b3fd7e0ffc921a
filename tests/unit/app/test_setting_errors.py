"""What a venue says is told under the name of the setting that led to it."""

import pytest

from quoter.app.setting_errors import blamed, blamed_code
from quoter.domain.errors import MarketsUnread, MarketUnfit, VenueError
from quoter.service.exit_codes import ExitCode
from quoter.settings import Environment
from tests.unit.app.test_settings_to_config import settings


def test_a_market_that_is_not_there_is_the_symbols_fault() -> None:
    error = MarketUnfit("binance has no market NO/SUCH")
    text = blamed(error, settings(symbol="NO/SUCH"))
    assert text == "QUOTER_SYMBOL: binance has no market NO/SUCH (got NO/SUCH)"
    assert blamed_code(error) is ExitCode.USAGE


def test_an_exchange_that_does_not_answer_is_the_urls_fault_in_the_sandbox_only() -> None:
    error = MarketsUnread("ExchangeNotAvailable: binance")
    chosen = settings(sandbox_url="http://127.0.0.1:9")
    text = blamed(error, chosen)
    assert text.startswith("QUOTER_SANDBOX_URL: no exchange answers at http://127.0.0.1:9: ")
    assert text.endswith("ExchangeNotAvailable: binance")
    elsewhere = chosen.model_copy(update={"environment": Environment.TESTNET})
    assert blamed(error, elsewhere) == str(error)
    assert blamed_code(error) is ExitCode.START_FAILED


@pytest.mark.parametrize("text", ["our clock is +3.000 s off", ""])
def test_anything_else_is_left_as_it_is(text: str) -> None:
    assert blamed(VenueError(text), settings()) == text
    assert blamed_code(VenueError(text)) is ExitCode.START_FAILED
