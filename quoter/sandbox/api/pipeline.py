"""Processing of a request: rate limits, key, clock, signature, parameters, faults, execution.

It is the same for every transport; only decoding into a `Call` and wrapping of the answer differ.
The checks run in Binance's order, so a request with two errors gets the same error as there.
"""

import asyncio
from dataclasses import replace
from decimal import Decimal

import msgspec

from quoter.domain.units import NS_PER_S
from quoter.sandbox.api.operation import SIGNED_MANDATORY, SIGNED_OPTIONAL, Call, Request
from quoter.sandbox.exchange.faults import Armed, FaultKind, with_field
from quoter.sandbox.exchange.rate_limits import banned, too_much_weight
from quoter.sandbox.exchange.venue import Venue
from quoter.sandbox.exchange.wire_log import WireEntry
from quoter.sandbox.protocol import signing
from quoter.sandbox.protocol.answers import TIMEOUT, ApiError, Hangup, Page
from quoter.sandbox.protocol.parameters import Parameters

UNLOGGED = ("signature", "apiKey")


async def perform(venue: Venue, call: Call) -> object:
    """Process one request and return the answer as JSON-ready data.

    Raises ApiError for a refusal, Page if a fault answers with an HTML page, and Hangup if a fault
    ends the connection.
    """
    entry = _log_request(venue, call)
    try:
        answer = await _perform(venue, call, entry)
    except ApiError as error:
        if entry and entry.outcome == "pending":
            entry.outcome, entry.code = "rejected", error.code
        raise
    return answer


async def _perform(venue: Venue, call: Call, entry: WireEntry | None) -> object:
    venue.counts[f"request_{call.operation.endpoint.value}"] += 1
    await _before(venue, call, entry)
    now_ns = venue.catch_up()
    venue.budgets.spend(call.operation.cost(call.parameters), now_ns)
    skewed = _take(venue, call, entry, FaultKind.CLOCK_SKEW)
    clock_ns = now_ns + (round(skewed.fault.skew_s * NS_PER_S) if skewed else 0)
    _check(venue, call, now_ns=now_ns, clock_ns=clock_ns)
    request = Request(
        venue=venue,
        parameters=call.parameters,
        api_key=call.api_key,
        now_ns=now_ns,
        clock_ns=clock_ns,
    )
    answer = _listed(venue, call, entry, request)
    if entry:
        entry.outcome = "accepted"
    await _after(venue, call, entry)
    for kind in (FaultKind.FIELD_VALUE, FaultKind.FIELD_ABSENT):
        if armed := _take(venue, call, entry, kind):
            answer = with_field(msgspec.to_builtins(answer), armed.fault)
    return answer


def _listed(venue: Venue, call: Call, entry: WireEntry | None, request: Request) -> object:
    """Execute the request and return its answer.

    A fault may replace a list by an earlier answer, by its first half, or by another account's
    list.
    """
    handler = call.operation.handler
    answer = handler(request)
    if not isinstance(answer, list):
        return answer
    if _take(venue, call, entry, FaultKind.LIST_FOREIGN):
        other = next((key for key in venue.accounts if key != call.api_key), call.api_key)
        return handler(replace(request, api_key=other))
    if _take(venue, call, entry, FaultKind.LIST_HALF):
        return answer[: len(answer) // 2]
    if armed := _take(venue, call, entry, FaultKind.LIST_OLD):
        key = call.operation.name, call.parameters.text("symbol"), call.api_key
        return armed.old.setdefault(key, answer)
    return answer


def _log_request(venue: Venue, call: Call) -> WireEntry | None:
    if not call.operation.logged:
        return None
    sent = call.parameters.items()
    return venue.wire_log.add(
        received_ns=call.received_ns,
        transport=call.transport,
        operation=call.operation.name,
        api_key=call.api_key,
        parameters={name: value for name, value in sent.items() if name not in UNLOGGED},
    )


def _check(venue: Venue, call: Call, *, now_ns: int, clock_ns: int) -> None:
    """Check key, parameters, clock and signature. Raises ApiError."""
    operation, parameters = call.operation, call.parameters
    named = call.transport == "ws"
    if not operation.signed:
        parameters.check(mandatory=operation.mandatory, optional=operation.optional, named=named)
        return
    signing.check_key_format(call.api_key)
    account = venue.account(call.api_key)
    if account is None:
        raise signing.unknown_key()
    own = ("apiKey",) if named else ()
    proof = ("timestamp",) if call.is_logged_on else (*SIGNED_MANDATORY, *own)
    parameters.check(
        mandatory=(*operation.mandatory, *proof),
        optional=(*operation.optional, *SIGNED_OPTIONAL, "signature"),
        named=named,
    )
    _check_window(parameters, clock_ns)
    if not call.is_logged_on:
        signing.check_signature(account, call.payload, parameters.text("signature"))
    if operation.new_orders:
        venue.budgets.check_orders(call.api_key, now_ns)


def _check_window(parameters: Parameters, now_ns: int) -> None:
    signing.check_window(
        timestamp_ms=parameters.integer("timestamp"),
        window_ms=parameters.decimal("recvWindow", Decimal(signing.RECV_WINDOW_MS)),
        now_ns=now_ns,
    )


async def _before(venue: Venue, call: Call, entry: WireEntry | None) -> None:
    """Apply the faults that act before the request is processed. Raises the errors of `perform`."""
    if armed := _take(venue, call, entry, FaultKind.DELAY):
        await asyncio.sleep(armed.fault.delay_s)
        call.delays_after_s.append(armed.fault.delay_after_s)
    if _take(venue, call, entry, FaultKind.RESET_BEFORE):
        raise Hangup(reset=True)
    if armed := _take(venue, call, entry, FaultKind.RATE_LIMIT_429):
        raise too_much_weight(venue.config.limits.weight_per_minute, armed.fault.retry_after_s)
    if armed := _take(venue, call, entry, FaultKind.BAN_418):
        now_ns = venue.now_ns()
        raise banned(now_ns + armed.fault.retry_after_s * NS_PER_S, now_ns)
    if armed := _take(venue, call, entry, FaultKind.ERROR_BEFORE):
        raise _error(armed)
    if armed := _take(venue, call, entry, FaultKind.PAGE_BEFORE):
        raise Page(armed.fault.status, armed.fault.text)


async def _after(venue: Venue, call: Call, entry: WireEntry | None) -> None:
    """Apply the faults that act after the request was executed. Raises the errors of `perform`."""
    for delay_s in call.delays_after_s:
        await asyncio.sleep(delay_s)
    if _take(venue, call, entry, FaultKind.ACCEPT_DROP_RESPONSE):
        raise Hangup(reset=False)
    if armed := _take(venue, call, entry, FaultKind.ERROR_AFTER_ACCEPT):
        raise _error(armed)


def _take(venue: Venue, call: Call, entry: WireEntry | None, kind: FaultKind) -> Armed | None:
    armed = venue.faults.take(
        kind,
        endpoint=call.operation.endpoint,
        symbol=call.parameters.text("symbol"),
        api_key=call.api_key,
    )
    if armed and entry:
        entry.faults += (kind.value,)
    return armed


def _error(armed: Armed) -> ApiError:
    fault = armed.fault
    return ApiError(fault.status, fault.code, fault.text or TIMEOUT)
