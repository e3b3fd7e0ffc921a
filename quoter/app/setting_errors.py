"""Which setting is to blame for what a venue says."""

from quoter.domain.errors import MarketsUnread, MarketUnfit, VenueError
from quoter.service.exit_codes import ExitCode
from quoter.settings import Environment, Settings


def text_for(error: VenueError, settings: Settings) -> str:
    """The error on one line, behind the name of the setting that led to it where one did."""
    if isinstance(error, MarketUnfit):
        return f"QUOTER_SYMBOL: {error} (got {settings.symbol})"
    if isinstance(error, MarketsUnread) and settings.environment is Environment.SANDBOX:
        return (
            f"QUOTER_SANDBOX_URL: no exchange answers at {settings.sandbox_url}: is `quoter "
            f"sandbox` running there? {error}"
        )
    return str(error)


def exit_code_for(error: VenueError) -> ExitCode:
    """A setting that can't be right is the user's; else the venue may be well the next time."""
    return ExitCode.USAGE if isinstance(error, MarketUnfit) else ExitCode.START_FAILED
