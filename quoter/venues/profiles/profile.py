"""Types of a venue's profile: how the venue differs from ccxt's unified form, as data."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from quoter.domain.commands import OrderIntent, PlaceOrder, TimeInForce
from quoter.domain.errors import KeyFault
from quoter.venues.config import Environment, VenueConfig
from quoter.venues.profiles.forms import AnswerForm, BalanceForm, BookSequence, FeeForm
from quoter.venues.profiles.limits import RequestLimits

UNIFIED = "*"  # in `ClientIds.row_fields`: ccxt's own `clientOrderId`


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedUrls:
    """URLs of the native public feed, without a slash at the end."""

    rest: str  # ".../api/v3"
    stream: str  # takes "?streams=a/b/c"


@dataclass(frozen=True, slots=True, kw_only=True)
class RequiredHeader:
    """A header that tells play money from real money, at a host that serves both.

    `exempt`: paths of public data, where ccxt does not send it.
    """

    host: str
    name: str
    value: str
    exempt: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class VenueSystem:
    """One system of a venue: its hosts, and for a testnet or demo how ccxt is switched to it.

    `headers`: required where one host serves this system and production. `urls`: entries of
    ccxt's `urls["api"]` that its table of this system lacks.
    """

    hosts: frozenset[str]
    switch: str = "set_sandbox_mode"  # ccxt's method; not for production
    headers: tuple[RequiredHeader, ...] = ()
    urls: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ById:
    """Form of a request for one order by our id: ccxt's arguments, and where the id must appear.

    `lists`: names of ccxt's list methods that are asked with the parameter, in this order, instead
    of its method for one order; the order is unknown to the venue if all of them are empty.
    """

    field: str  # name of our id in the serialised request; empty: a segment of the path
    param: str = "clientOrderId"  # ccxt's parameter; empty: our id stands for the venue's id
    lists: tuple[str, ...] = ()
    venue_id_param: str = ""  # of the lists, for the venue's id; empty: `fetch_order` takes it
    # what ccxt is given for the venue's id besides; "" and not None, because ccxt puts it into the
    # text of its error for an order unknown to Bitget
    no_venue_id: str | None = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientIds:
    """Form of our order id in requests to a venue, and in the rows that it returns.

    `row_fields`: names under ccxt's `info` of orders and trades, in lists and streams; the first
    that is not empty counts.
    """

    create_field: str  # the name that carries our id in a serialised create
    row_fields: tuple[str, ...]
    create_param: str = "clientOrderId"  # ccxt's parameter of a create
    prefix: str = ""  # required by the venue before our id, and returned with it
    cancel: ById | None = None  # None: the venue, or ccxt, cancels by the venue's id only
    query: ById | None = None

    def written(self, client_id: str) -> str:
        """Return our id as the venue stores it."""
        return f"{self.prefix}{client_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountKind:
    """The request that says what kind of account a key has, and the kind that the profile is for.

    Used for venues where accounts of other kinds answer the same requests, with other balances.
    """

    call: str  # ccxt's method
    path: str  # of the kind, in the answer
    good: str


class PageBy(StrEnum):
    """Ways of requesting the next page of a list."""

    NOTHING = "nothing"  # there is one page
    CURSOR = "cursor"  # by a text that each page carries
    OLDER_THAN = "older_than"  # by the smallest numeric id of the page
    NUMBER = "number"  # by its number, from 1
    OFFSET = "offset"  # by the number of rows before it


@dataclass(frozen=True, slots=True, kw_only=True)
class Paging:
    """Rules for reading a list to its proven end.

    A page with fewer rows than `full_page` is the last one. `full_page` is the least number of rows
    at which the venue may cut the list; 0: it never cuts this list.
    """

    by: PageBy = PageBy.NOTHING
    param: str = ""  # of the request for a further page
    field: str = ""  # in the venue's rows: the cursor, or the id for OLDER_THAN
    limit: int | None = None  # rows asked for
    full_page: int = 0
    is_shifting: bool = False  # rows that end move later ones: two equal readings are the proof
    all_symbols: bool = False  # the venue pages over all symbols, so that ccxt must not filter
    start_param: str = ""  # trades: the venue's parameter for the first time; `end_param`: the last
    end_param: str = ""
    time_unit_ms: int = 1
    window_days: int = 0  # longest span from first to last; 0: no limit


UNPROVEN_ORDERS = Paging(full_page=20)  # the smallest default page among the venues in ccxt
UNPROVEN_TRADES = Paging(full_page=10)
UNSEEN = "it was tested against a local imitation only, never in production"
NO_PROFILE = "it has no profile: how it names our orders and pages its lists is not proven"


@dataclass(frozen=True, slots=True, kw_only=True)
class VenueProfile:
    """Differences of one venue family from what ccxt unifies.

    `order_fields`/`trade_fields`: by unified name, paths under ccxt's `info` of exact numbers, as
    decimal strings; ccxt itself gives floats. If no path of a name holds a number, the number is
    missing, and ccxt's is not used.
    """

    name: str
    family: str  # selects error texts and request verification
    refusal: str = NO_PROFILE  # why no order may be sent to this venue; empty: it is proven
    trial_environments: frozenset[Environment] = frozenset()  # quoted in spite of `refusal`
    feed_urls: Mapping[Environment, FeedUrls] = field(default_factory=dict)
    hosts: frozenset[str] = frozenset()  # of production; empty: those of ccxt's table
    systems: Mapping[Environment, VenueSystem] = field(default_factory=dict)  # testnet and demo
    no_test_system: str = ""  # why there is none, where that may surprise
    options: Mapping[str, bool] = field(default_factory=dict)  # of ccxt's class, over its own
    create_params: Mapping[str, str | bool | int] = field(default_factory=dict)
    self_trade: str = ""  # prevention mode of our creates; empty: none by the venue
    order_fields: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    trade_fields: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    # names of our trades' side under ccxt's `info`: without all of them ccxt's side is a guess
    side_fields: tuple[str, ...] = ()  # empty: not known
    # where an order's status is also found, and what it means: for words that ccxt does not know
    status_fields: tuple[str, ...] = ()
    statuses: Mapping[str, str] = field(default_factory=dict)
    fees: tuple[FeeForm, ...] = ()  # empty: ccxt's
    balances: BalanceForm | None = None  # None: ccxt's floats
    # what ccxt's table lacks, or takes for the proof that no order exists: the venue's code or
    # text, and the name of ccxt's class for it
    errors: Mapping[str, str] = field(default_factory=dict)
    key_errors: Mapping[str, KeyFault] = field(default_factory=dict)  # by the venue's code
    account_kind: AccountKind | None = None  # None: the venue refuses requests of other kinds
    maker_fee_call: str = ""  # ccxt's method that returns the account's; empty: with the balances
    answers: AnswerForm | None = None  # None: any JSON object or list is an answer
    # name of a market by its two coins, for cancels while the list is unreadable; empty: not known
    market_id: str = ""
    ids: ClientIds | None = None  # None: not known, so own orders can't be recognised
    open_orders: Paging = UNPROVEN_ORDERS
    trades: Paging = UNPROVEN_TRADES
    book: BookSequence | None = None  # None: its messages have no numbers, or ccxt verifies them
    limits: RequestLimits | None = None  # None: one budget for all requests
    weights: Mapping[str, float] = field(default_factory=dict)  # of a call, if not 1
    clock_step_ms: int = 0  # step to which the venue rounds its time down; 0: 1 ms or finer
    authenticates_first: bool = False  # ccxt's `authenticate` opens the private stream
    post_reads: frozenset[str] = frozenset()  # path segments of reads that use POST
    has_nonces: bool = False  # refuses a request whose nonce is below one that has arrived
    has_window: bool = False  # takes `recvWindow`: how late it may receive a request
    trades_page_by_id: bool = False  # the trade list pages by id, oldest first
    has_filters: bool = False  # its markets have Binance's filters: exact tick, lot and minimums
    has_single_symbol_rules: bool = False  # exchangeInfo of a single symbol exists

    def refusal_in(self, config: VenueConfig) -> str:
        """Return why no order may be sent in this environment; empty if orders may be sent.

        A venue that is refused may be quoted in its `trial_environments`, where money is not real
        and a trial order proves at each start that the venue is as the profile says.
        """
        if not self.refusal or config.environment not in self.trial_environments:
            return self.refusal
        if not config.is_trial_first:
            return f"on its {config.environment} it needs QUOTER_TRIAL_ORDER=auto: {self.refusal}"
        return ""

    def parameters(
        self, order: OrderIntent | PlaceOrder, config: VenueConfig
    ) -> dict[str, str | bool | int]:
        """Return a create's extra parameters, such as client id, time in force, receive window."""
        name = self.ids.create_param if self.ids else "clientOrderId"
        params: dict[str, str | bool | int] = {name: order.client_id}
        if order.time_in_force is TimeInForce.POST_ONLY:
            params["postOnly"] = True
        else:
            params["timeInForce"] = "IOC"
        params |= self.create_params
        if self.self_trade:
            params["selfTradePrevention"] = self.self_trade
        if self.has_window:
            params["recvWindow"] = config.create_window_ms
        return params
