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
    """A header that selects play money, at a host that serves play money and real money.

    `exempt`: paths of public data, for which ccxt does not send the header.
    """

    host: str
    name: str
    value: str
    exempt: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class VenueSystem:
    """One system of a venue: its hosts, and for a testnet or demo how ccxt is switched to it.

    `headers`: needed if one host serves this system and production. `urls`: entries of ccxt's
    `urls["api"]` that ccxt lacks for this system.
    """

    hosts: frozenset[str]
    switch: str = "set_sandbox_mode"  # ccxt's method; not for production
    headers: tuple[RequiredHeader, ...] = ()
    urls: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ById:
    """Form of a request for one order by our id: ccxt's arguments, and where the id must appear.

    `lists`: ccxt's list methods that are called instead of its method for one order, in this order.
    The venue does not know the order if all lists are empty.
    """

    field: str  # name of our id in the serialised request; empty: a segment of the path
    # ccxt's parameter; empty: our id is passed in place of the venue's id
    param: str = "clientOrderId"
    lists: tuple[str, ...] = ()
    # parameter of the lists for the venue's id; empty: `fetch_order` takes it
    venue_id_param: str = ""
    # passed to ccxt as the venue's id; "" and not None, because ccxt puts it into the text of its
    # error for an order unknown to Bitget
    no_venue_id: str | None = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientIds:
    """Form of our order id in requests to a venue, and in the rows that it returns.

    `row_fields`: names under ccxt's `info` of orders and trades, in lists and streams; the first
    that is not empty is used.
    """

    create_field: str  # field of our id in a serialised create
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
    """The request for the kind of an account, and the kind that the profile supports.

    For venues where accounts of other kinds answer the same requests with other balances.
    """

    call: str  # ccxt's method
    path: str  # path of the kind in the answer
    good: str


class PageBy(StrEnum):
    """Ways of requesting the next page of a list."""

    NOTHING = "nothing"  # the list has one page
    CURSOR = "cursor"  # by a text in each page
    OLDER_THAN = "older_than"  # by the smallest numeric id of the page
    NUMBER = "number"  # by its number, from 1
    OFFSET = "offset"  # by the number of rows before it


@dataclass(frozen=True, slots=True, kw_only=True)
class Paging:
    """Rules for reading a list to its proven end.

    A page with fewer rows than `full_page` is the last one. `full_page`: least number of rows at
    which the venue may cut the list; 0: it never cuts this list.
    """

    by: PageBy = PageBy.NOTHING
    param: str = ""  # request parameter for a further page
    field: str = ""  # in the venue's rows: the cursor, or the id for OLDER_THAN
    limit: int | None = None  # rows asked for
    full_page: int = 0
    is_shifting: bool = False  # an ended order moves later rows; the proof is two equal readings
    all_symbols: bool = False  # the venue pages over all symbols, so that ccxt must not filter
    start_param: str = ""  # trades: the venue's parameter for the first time; `end_param`: the last
    end_param: str = ""
    time_unit_ms: int = 1
    window_days: int = 0  # longest span from first to last; 0: no limit


UNPROVEN_ORDERS = Paging(full_page=20)  # smallest default page of all venues in ccxt
UNPROVEN_TRADES = Paging(full_page=10)
UNSEEN = "it was tested against a local imitation only, never in production"
NO_PROFILE = "it has no profile: how it names our orders and pages its lists is not proven"


@dataclass(frozen=True, slots=True, kw_only=True)
class VenueProfile:
    """Differences of one venue family from ccxt's unified form.

    `order_fields`, `trade_fields`: unified name to paths under ccxt's `info`, where the venue's
    exact decimal strings are (ccxt gives floats). If no path has a number, the number is missing;
    ccxt's is not used instead.
    """

    name: str
    family: str  # selects error texts and request verification
    refusal: str = NO_PROFILE  # why no order may be sent to this venue; empty: it is proven
    # environments where it is quoted in spite of `refusal`
    trial_environments: frozenset[Environment] = frozenset()
    feed_urls: Mapping[Environment, FeedUrls] = field(default_factory=dict)
    hosts: frozenset[str] = frozenset()  # of production; empty: those of ccxt's table
    systems: Mapping[Environment, VenueSystem] = field(default_factory=dict)  # testnet and demo
    no_test_system: str = ""  # why there is none, if a user may expect one
    options: Mapping[str, bool] = field(default_factory=dict)  # of ccxt's class, over its own
    create_params: Mapping[str, str | bool | int] = field(default_factory=dict)
    self_trade: str = ""  # prevention mode of our creates; empty: none by the venue
    order_fields: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    trade_fields: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    # names of the side of our trades under ccxt's `info`; if all are missing in a trade, ccxt's
    # side is a guess
    side_fields: tuple[str, ...] = ()  # empty: not known
    # further fields with an order's status, and the meaning of status words that ccxt does not know
    status_fields: tuple[str, ...] = ()
    statuses: Mapping[str, str] = field(default_factory=dict)
    # words of the venue for an order that was filled whole, by their names under `info`: ccxt calls
    # others `closed` as well, such as one that was partly filled and then cancelled
    filled_words: Mapping[str, str] = field(default_factory=dict)
    fees: tuple[FeeForm, ...] = ()  # empty: ccxt's
    balances: BalanceForm | None = None  # None: ccxt's floats
    # the venue's code or text: name of ccxt's error class. Only errors that ccxt lacks, or wrongly
    # takes as proof that no order exists
    errors: Mapping[str, str] = field(default_factory=dict)
    key_errors: Mapping[str, KeyFault] = field(default_factory=dict)  # by the venue's code
    account_kind: AccountKind | None = None  # None: the venue refuses requests of other kinds
    # ccxt's method that returns the account's maker fee; empty: it is with the balances
    maker_fee_call: str = ""
    answers: AnswerForm | None = None  # None: any JSON object or list is an answer
    # pattern of a market's name, for cancels while the list of markets is unreadable; empty: not
    # known
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
    has_nonces: bool = False  # True: it refuses a request whose nonce is below an earlier one
    has_window: bool = False  # True: it takes `recvWindow`, the longest delay of a request
    trades_page_by_id: bool = False  # the trade list pages by id, oldest first
    has_filters: bool = False  # its markets have Binance's filters: exact tick, lot and minimums
    has_single_symbol_rules: bool = False  # exchangeInfo of a single symbol exists

    def refusal_in(self, config: VenueConfig) -> str:
        """Return why no order may be sent in this environment; empty if orders may be sent.

        A refused venue may be quoted in its `trial_environments`: there money is not real, and a
        trial order proves at each start that the venue behaves as the profile says.
        """
        if not self.refusal or config.environment not in self.trial_environments:
            return self.refusal
        if not config.is_trial_first:
            return f"on its {config.environment} it needs QUOTER_TRIAL_ORDER=auto: {self.refusal}"
        return ""

    def parameters(
        self, order: OrderIntent | PlaceOrder, config: VenueConfig
    ) -> dict[str, str | bool | int]:
        """Return a create's extra parameters: client id, time in force, receive window, others."""
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
