"""Map errors of the venue to the setting that caused them, and to an exit code."""

from quoter.domain.errors import (
    FeeUnread,
    KeyFault,
    KeyRefused,
    MarketsUnread,
    MarketUnfit,
    VenueError,
    VenueUnavailable,
    VenueUnfit,
)
from quoter.service.exit_codes import ExitCode
from quoter.settings import Settings

# The setting that is most probably wrong, by the fault of the key.
KEY_SETTINGS = {
    KeyFault.KEY: "QUOTER_API_KEY",
    KeyFault.SECRET: "QUOTER_API_SECRET",
    KeyFault.PASSWORD: "QUOTER_API_PASSWORD",
    KeyFault.ENVIRONMENT: "QUOTER_ENVIRONMENT",
    KeyFault.ADDRESS: "QUOTER_API_KEY",
    KeyFault.PERMISSION: "QUOTER_API_KEY",
    KeyFault.ACCOUNT: "QUOTER_API_KEY",
}


def text_for(error: VenueError, settings: Settings) -> str:
    """Return the error on one line, which begins with the setting that caused it, if one did."""
    if isinstance(error, VenueUnfit):
        return f"QUOTER_EXCHANGE: {error}"
    if isinstance(error, MarketUnfit):
        return f"QUOTER_SYMBOL: {error} (got {settings.symbol})"
    if isinstance(error, KeyRefused):
        return f"{KEY_SETTINGS[error.fault]}: {error}"
    if isinstance(error, FeeUnread):
        return f"QUOTER_FEE_MAKER_BPS: {error}: set it to the maker fee of the account"
    if is_sandbox_missing(error, settings):
        return (
            f"QUOTER_SANDBOX_URL: no exchange answers at {settings.sandbox_url}: is `quoter "
            f"sandbox` running there? {error}"
        )
    return str(error)


def exit_code_for(error: VenueError) -> ExitCode:
    """Return the exit code of a start that fails with this error.

    KEY_RIGHTS: the key was refused. USAGE: another setting must change. VENUE_UNAVAILABLE: a later
    start may work without a change. START_FAILED: every other error.
    """
    if isinstance(error, KeyRefused):
        return ExitCode.KEY_RIGHTS
    if isinstance(error, MarketUnfit | FeeUnread):
        return ExitCode.USAGE
    is_down = isinstance(error, VenueUnavailable)
    return ExitCode.VENUE_UNAVAILABLE if is_down else ExitCode.START_FAILED


def is_sandbox_missing(error: VenueError, settings: Settings) -> bool:
    """Whether nothing answered at QUOTER_SANDBOX_URL: the sandbox is probably not running."""
    is_sandbox = settings.system == "sandbox"
    return is_sandbox and isinstance(error, MarketsUnread) and not error.is_answered
