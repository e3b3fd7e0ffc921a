"""The maker fee of our account, by the request that the venue's profile names.

ccxt's own table has the fee of a new account, which may be outdated. It is used only without a key.
"""

from decimal import Decimal

from quoter.domain.errors import EgressBlocked, FeeUnread, VenueUnavailable
from quoter.venues import answers
from quoter.venues.ccxt.guarded_exchange import GuardedExchange
from quoter.venues.ccxt.request_sender import FailedCall, RequestSender
from quoter.venues.json_values import decimal
from quoter.venues.profiles import VenueProfile

FEE_MAX = Decimal("0.05")  # a fraction of notional; no spot market charges, or pays, more
DEFAULT_FEE_WARNING = (
    "without a key the maker fee of the account is not known: that of a new account is used, as "
    "ccxt lists it; QUOTER_FEE_MAKER_BPS sets another one"
)


async def account_fee(
    client: GuardedExchange, sender: RequestSender, profile: VenueProfile, symbol: str
) -> Decimal:
    """Return the maker fee, a fraction of notional; below zero it is a rebate.

    Raises FeeUnread if the venue does not report it, VenueUnavailable if it does not answer,
    EgressBlocked if the request was not sent.
    """
    if not profile.maker_fee_call:
        raise FeeUnread(f"{profile.name} does not report the maker fee with the balances")
    call = getattr(client, profile.maker_fee_call)
    answer = await sender.read(lambda: call(symbol), answers.fields)
    if isinstance(answer, FailedCall):
        if isinstance(answer.error, EgressBlocked):
            raise answer.error
        if answer.status:
            raise FeeUnread(f"{profile.name} does not report the maker fee: {answer.text}")
        raise VenueUnavailable(answer.text)
    fee = decimal(answer.get("maker"))
    if fee is None or not abs(fee) <= FEE_MAX:
        raise FeeUnread(f"{profile.name} reports {fee} as the maker fee of {symbol}")
    return fee
