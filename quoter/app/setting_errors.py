"""Name the setting that caused an error of the venue."""

from quoter.domain.errors import MarketsUnread, MarketUnfit, VenueError, VenueUnfit
from quoter.service.exit_codes import ExitCode
from quoter.settings import Environment, Settings


def text_for(error: VenueError, settings: Settings) -> str:
    """Return the error on one line, after the name of the setting that caused it, if one did."""
    if isinstance(error, VenueUnfit):
        return f"QUOTER_EXCHANGE: {error}"
    if isinstance(error, MarketUnfit):
        return f"QUOTER_SYMBOL: {error} (got {settings.symbol})"
    if isinstance(error, MarketsUnread) and settings.environment is Environment.SANDBOX:
        return (
            f"QUOTER_SANDBOX_URL: no exchange answers at {settings.sandbox_url}: is `quoter "
            f"sandbox` running there? {error}"
        )
    return str(error)


def exit_code_for(error: VenueError) -> ExitCode:
    """Return USAGE if a setting is wrong, else START_FAILED: the venue may reply the next time."""
    return ExitCode.USAGE if isinstance(error, MarketUnfit) else ExitCode.START_FAILED
