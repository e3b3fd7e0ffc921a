"""Trading states, phases, and the halt causes that the state is derived from."""

from enum import IntEnum, StrEnum


class TradingState(IntEnum):
    """Trading state, derived from the active halt causes. A higher value is more severe."""

    RUNNING = 0
    REDUCE_ONLY = 1
    PAUSED = 2
    KILLED = 3


class Regime(IntEnum):
    """Level of the market regime; see `risk/monitors/market_regime.py`."""

    NORMAL = 0
    WIDE = 1
    REDUCE_ONLY = 2


class Phase(StrEnum):
    """Phase of the process, from start to shutdown."""

    STARTING = "STARTING"
    LIVE = "LIVE"
    DRY_RUN = "DRY_RUN"  # quotes are computed and shown, nothing is sent
    DRAINING = "DRAINING"


class Cause(StrEnum):
    """Halt causes: why trading is restricted. `risk/kill_switch.py` gives the severity of each."""

    # KILLED until a re-arm; latched on disk
    OPERATOR_KILL = "operator_kill"
    INVENTORY_BREACH = "inventory_breach"
    LOSS_LIMIT = "loss_limit"
    INVARIANT_BROKEN = "invariant_broken"
    ORDER_REAPPEARED = "order_reappeared"
    LEDGER_CONFLICT = "ledger_conflict"
    LEDGER_FAILED = "ledger_failed"
    DUPLICATE_INSTANCE = "duplicate_instance"
    FOREIGN_KILL = "foreign_kill"
    KEY_REFUSED = "key_refused"
    DRAWDOWN_LIMIT = "drawdown_limit"
    WIRE_MISMATCH = "wire_mismatch"  # a request has other contents or another address than approved
    SENTINEL_KILL = "sentinel_kill"
    # PAUSED until an operator resumes
    OPERATOR_PAUSE = "operator_pause"
    REPEATED_EXECUTION = "repeated_execution"
    CONNECT_BUDGET = "connect_budget"
    FLAPPING = "flapping"
    # PAUSED until the condition is over
    BOOK_DESYNC = "book_desync"
    BOOK_STALE = "book_stale"
    FEED_SLOW = "feed_slow"
    MARKET_FEED_DOWN = "market_feed_down"
    VENUE_STATUS = "venue_status"
    PRIVATE_STREAM_DOWN = "private_stream_down"
    RECONCILIATION = "reconciliation"
    FOREIGN_ACTIVITY = "foreign_activity"
    MARKET_RULES = "market_rules"
    UNKNOWN_ORDERS = "unknown_orders"
    FEE_UNPRICED = "fee_unpriced"
    RATE_LIMITED = "rate_limited"
    CLOCK = "clock"
    LOOP_LAG = "loop_lag"
    LEDGER_SLOW = "ledger_slow"
    MEMORY = "memory"
    PRICE_JUMP = "price_jump"
    MESSAGE_RATE = "message_rate"
    CANCEL_UNVERIFIED = "cancel_unverified"
    CANCEL_REFUSED = "cancel_refused"
    SENTINEL_LOST = "sentinel_lost"
    DEAD_MAN = "dead_man"
    MARKOUT_LOSS = "markout_loss"
    # REDUCE_ONLY: the two of an operator until a resume, the others until the condition is over
    OPERATOR_REDUCE = "operator_reduce"
    OPERATOR_FLATTEN = "operator_flatten"
    MARKET_REGIME = "market_regime"
    MARK_MISSING = "mark_missing"
    NOTIONAL_LIMIT = "notional_limit"


class CancelReason(StrEnum):
    """Reasons for cancelling an order; logged with it."""

    REQUOTE = "requote"
    NO_QUOTE = "no_quote"
    SIDE_LIMIT = "side_limit"
    STATE = "state"
    DRAIN = "drain"
    KILL = "kill"
    UNKNOWN = "unknown"
    NOT_IN_BOOKS = "not_in_books"
    TRIAL = "trial"


class NoQuote(StrEnum):
    """Reasons for not quoting one side or both; each is counted."""

    NO_BOOK = "no_book"
    NO_SIGMA = "no_sigma"
    NO_INTENSITY = "no_intensity"
    BAD_INPUT = "bad_input"
    SIDE_LIMIT = "side_limit"
    SPREAD_TOO_WIDE = "spread_too_wide"
    BELOW_MINIMUM = "below_minimum"
    NO_BALANCE = "no_balance"
    SIDE_COOLDOWN = "side_cooldown"
    REGIME = "regime"
    STATE = "state"
