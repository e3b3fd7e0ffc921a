"""Trial requests at connect: those of an order's life are built, checked, and never sent."""

from dataclasses import replace
from decimal import Decimal

import pytest

from quoter.domain.errors import EgressBlocked, VenueUnfit
from quoter.venues.ccxt.connect.market_rules import instrument
from quoter.venues.ccxt.connect.trial_requests import TrialRequests, needs_trial
from quoter.venues.egress.gate import Purpose, declare_call
from quoter.venues.profiles import GENERIC, ById, ClientIds, VenueProfile, profile_of
from tests.unit.venues.paper_account import PaperAccount, gateway_of, market


async def run(
    exchange: str, monkeypatch: pytest.MonkeyPatch, profile: VenueProfile | None = None
) -> None:
    account = PaperAccount(exchange)
    async with gateway_of(account, monkeypatch) as gateway:
        client = gateway._client
        rules = instrument(
            market(exchange),
            precision_mode=client.precisionMode,
            fee_maker=Decimal(0),
            has_filters=False,
        )
        try:
            await TrialRequests(
                client=client,
                config=gateway._config,
                profile=profile or profile_of(exchange),
                instrument=rules,
            ).check()
        finally:
            assert account.seen == []
            assert (client.gate.creates_sent, client.gate.is_open) == (0, True)


@pytest.mark.parametrize("exchange", ["binance", "bybit", "okx", "gate", "kraken", "bitget"])
async def test_requests_as_the_profile_says_pass_and_nothing_is_sent(
    exchange: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The gate is open here, so that only the trial itself holds the requests back."""
    await run(exchange, monkeypatch)


@pytest.mark.parametrize(
    ("exchange", "text"),
    [
        ("deribit", "no cancel by our order id"),
        ("whitebit", "no cancel by our order id"),
        ("bitstamp", "no cancel by our order id"),
        ("coinbase", "our client id in the venue's id field"),
    ],
)
async def test_venue_whose_orders_could_not_be_found_again_is_refused(
    exchange: str, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(VenueUnfit, match=text):
        await run(exchange, monkeypatch)


async def test_profile_that_names_the_wrong_field_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """V2, V3: the field that every profile named before."""
    ids = profile_of("bybit").ids
    assert ids is not None
    by = ById(field="orderLinkId")
    for wrong in (replace(ids, create_field="clientOrderId"), replace(ids, cancel=by)):
        profile = replace(profile_of("bybit"), ids=wrong)
        with pytest.raises(VenueUnfit):
            await run("bybit", monkeypatch, profile)
    plain = ClientIds(create_field="label", row_fields=("label",), cancel=by, query=by)
    with pytest.raises(VenueUnfit, match="our client id in"):
        await run("deribit", monkeypatch, replace(GENERIC, ids=plain))


async def test_gate_writes_no_request_of_a_trial(monkeypatch: pytest.MonkeyPatch) -> None:
    async with gateway_of(PaperAccount("okx"), monkeypatch) as gateway:
        with declare_call(Purpose.READ) as call:
            call.captured = []
            with pytest.raises(EgressBlocked, match="trial request"):
                gateway._client.gate.check_write("https://www.okx.com/api", call)
        assert needs_trial(gateway._config)
        assert not needs_trial(replace(gateway._config, is_cancel_only=True))
        assert not needs_trial(replace(gateway._config, api_key=""))
