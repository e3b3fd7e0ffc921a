"""Strategy for the sandbox: BTC is bought and sold at once, XRP is bid far below the market."""

from datetime import datetime
from typing import Any

from freqtrade.strategy import IStrategy

FAR = "XRP/USDT"


class SandboxSteps(IStrategy):
    """Enters every pair with each candle, and leaves as soon as the entry is filled."""

    INTERFACE_VERSION = 3
    timeframe = "1m"
    startup_candle_count = 0
    minimal_roi = {"0": 10.0}  # noqa: RUF012 - as freqtrade declares it
    stoploss = -0.5
    process_only_new_candles = False
    order_types = {  # noqa: RUF012 - as freqtrade declares it
        "entry": "limit",
        "exit": "limit",
        "stoploss": "limit",
        "stoploss_on_exchange": False,
    }

    def populate_indicators(self, dataframe: Any, _metadata: dict[str, str]) -> Any:
        """None are needed."""
        return dataframe

    def populate_entry_trend(self, dataframe: Any, _metadata: dict[str, str]) -> Any:
        """Enter with every candle."""
        dataframe["enter_long"] = 1
        return dataframe

    def populate_exit_trend(self, dataframe: Any, _metadata: dict[str, str]) -> Any:
        """Exits come from `custom_exit`."""
        return dataframe

    def custom_entry_price(self, pair: str, proposed_rate: float, **_unused: object) -> float:
        """Bid far below the market where the order must not be filled."""
        return proposed_rate * (0.99 if pair == FAR else 1.0)

    def custom_exit(self, pair: str, trade: Any, current_time: datetime, **_unused: object) -> str:
        """Leave at once."""
        return f"{pair} bought at {trade.open_rate}, {current_time:%H:%M:%S}"
