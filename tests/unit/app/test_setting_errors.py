"""Errors of the venue are reported under the setting that caused them."""

import pytest

from quoter.app.setting_errors import exit_code_for, text_for
from quoter.domain.errors import (
    FeeUnread,
    KeyFault,
    KeyRefused,
    MarketsUnread,
    MarketUnfit,
    VenueError,
    VenueUnfit,
)
from quoter.service.exit_codes import ExitCode
from quoter.settings import Environment, Settings
from quoter.venues.ccxt.client import check_defaults
from tests.unit.app.test_settings_to_config import settings
from tests.unit.venues.ccxt.test_client import client


def test_an_unknown_market_is_reported_under_the_symbol_setting() -> None:
    error = MarketUnfit("binance has no market NO/SUCH")
    text = text_for(error, settings(symbol="NO/SUCH"))
    assert text == "QUOTER_SYMBOL: binance has no market NO/SUCH (got NO/SUCH)"
    assert exit_code_for(error) is ExitCode.USAGE


def test_a_refused_venue_is_reported_under_the_exchange_setting() -> None:
    error = VenueUnfit("gate can't be quoted: its book is not proven")
    text = text_for(error, settings(exchange="gate"))
    assert text == "QUOTER_EXCHANGE: gate can't be quoted: its book is not proven"
    assert exit_code_for(error) is ExitCode.USAGE


def test_an_unreachable_exchange_is_reported_under_the_url_setting_in_the_sandbox_only() -> None:
    error = MarketsUnread("ExchangeNotAvailable: binance")
    chosen = settings(sandbox_url="http://127.0.0.1:9")
    text = text_for(error, chosen)
    assert text.startswith("QUOTER_SANDBOX_URL: no exchange answers at http://127.0.0.1:9: ")
    assert text.endswith("ExchangeNotAvailable: binance")
    elsewhere = chosen.model_copy(update={"environment": Environment.TESTNET})
    assert text_for(error, elsewhere) == str(error)
    assert exit_code_for(error) is ExitCode.VENUE_UNAVAILABLE


def test_only_errors_about_the_venue_are_reported_under_the_exchange_setting() -> None:
    with pytest.raises(VenueError) as unknown:
        client("binanse", "production")
    text = text_for(unknown.value, settings())
    assert text == "QUOTER_EXCHANGE: ccxt.pro has no exchange 'binanse'"
    assert exit_code_for(unknown.value) is ExitCode.USAGE
    unsafe = client("binance", "sandbox")
    unsafe.verbose = True
    with pytest.raises(VenueError) as wrong:
        check_defaults(unsafe)
    assert text_for(wrong.value, settings()).startswith("unsafe ccxt options: ")
    assert exit_code_for(wrong.value) is ExitCode.START_FAILED


@pytest.mark.parametrize("text", ["our clock is +3.000 s off", ""])
def test_other_errors_keep_their_text(text: str) -> None:
    assert text_for(VenueError(text), settings()) == text
    assert exit_code_for(VenueError(text)) is ExitCode.START_FAILED


@pytest.mark.parametrize("fault", list(KeyFault))
def test_a_refused_key_is_reported_under_a_setting_of_the_key(fault: KeyFault) -> None:
    text = text_for(KeyRefused("the venue refuses the key: why", fault), settings())
    assert exit_code_for(KeyRefused("why", fault)) is ExitCode.KEY_RIGHTS
    name, _, rest = text.partition(": ")
    assert name.removeprefix("QUOTER_").lower() in Settings.model_fields
    assert rest == "the venue refuses the key: why"


def test_a_fee_that_the_venue_does_not_report_names_the_setting() -> None:
    error = FeeUnread("kraken does not report the maker fee")
    assert text_for(error, settings()) == (
        "QUOTER_FEE_MAKER_BPS: kraken does not report the maker fee: "
        "set it to the maker fee of the account"
    )
    assert exit_code_for(error) is ExitCode.USAGE
