"""The coins of a market, from its symbol."""

QUOTES = (
    *("FDUSD", "RLUSD", "USDT", "USDC", "TUSD", "BUSD", "USDE", "USD1", "DAI", "USD"),
    *("EUR", "GBP", "AUD", "CAD", "JPY", "KRW", "TRY", "BRL", "MXN", "ARS", "COP"),
    *("ZAR", "PLN", "RON", "CZK", "UAH", "IDR", "BTC", "ETH", "BNB", "SOL", "XRP"),
)  # a coin whose name ends with another coin's name comes before that one
DOLLARS = frozenset(QUOTES[:10])
SEPARATORS = "-_/"
BITCOIN = "XBT"  # checked first: XBTUSD is XBT/USD, not XB/TUSD


def coins_of(symbol: str) -> tuple[str, str] | None:
    """Return base and quote of a symbol such as BTCUSDT, BTC-USDT or btc/usdt; None if unknown."""
    name = symbol.upper()
    for separator in SEPARATORS:
        base, found, quote = name.partition(separator)
        if found:
            return (base, quote) if base and quote in QUOTES else None
    if name.startswith(BITCOIN) and name.removeprefix(BITCOIN) in QUOTES:
        return BITCOIN, name.removeprefix(BITCOIN)
    quote = next((quote for quote in QUOTES if name.endswith(quote) and name != quote), "")
    return (name.removesuffix(quote), quote) if quote else None
