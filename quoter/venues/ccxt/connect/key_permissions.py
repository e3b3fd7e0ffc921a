"""Permissions of the API key, where the venue reports them: trading only is allowed (SE-03).

Each such venue has a pure parser. It returns None for an incomplete answer; the permissions are
then not verified.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from quoter.domain.errors import KeyRefused
from quoter.venues.config import Environment
from quoter.venues.json_values import as_list, as_map, text

SHOWN_MAX = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyPermissions:
    """Permissions of a key.

    `excess`: permissions to move money away. `is_bound`: the key works from listed addresses only.
    """

    excess: tuple[str, ...]
    is_bound: bool


@dataclass(frozen=True, slots=True)
class Unverified:
    """Unknown permissions, with the reason."""

    reason: str


type PermissionResult = KeyPermissions | Unverified
type Parse = Callable[[object], KeyPermissions | None]


@dataclass(frozen=True, slots=True)
class PermissionSource:
    """ccxt's implicit method that returns the permissions, and the parser of its answer."""

    method: str
    parse: Parse


def binance(answer: object) -> KeyPermissions | None:
    """Parse GET /sapi/v1/account/apiRestrictions; None if a flag is missing.

    The testnet has no such endpoint.
    """
    fields = as_map(answer)
    flags = ("enableWithdrawals", "enableInternalTransfer", "permitsUniversalTransfer")
    found = {name: fields.get(name) for name in (*flags, "ipRestrict")}
    if not all(isinstance(value, bool) for value in found.values()):
        return None
    return KeyPermissions(
        excess=tuple(name for name in flags if found[name]), is_bound=found["ipRestrict"] is True
    )


def bybit(answer: object) -> KeyPermissions | None:
    """Parse GET /v5/user/query-api; None if permissions or addresses are missing.

    Every permission of the wallet can move money; the address `*` means any address.
    """
    result = as_map(as_map(answer).get("result"))
    permissions, addresses = result.get("permissions"), result.get("ips")
    wallet = as_map(permissions).get("Wallet")
    if not isinstance(permissions, Mapping) or not isinstance(addresses, list | tuple):
        return None
    if not isinstance(wallet, list | tuple):
        return None
    excess = tuple(text(right) or "?" for right in wallet[:SHOWN_MAX])
    return KeyPermissions(excess=excess, is_bound=bool(addresses) and "*" not in addresses)


def okx(answer: object) -> KeyPermissions | None:
    """Parse GET /api/v5/account/config; None if `perm` is missing or empty, or `ip` missing.

    `perm` is comma-separated; an empty `ip` means any address.
    """
    row = as_map(next(iter(as_list(as_map(answer).get("data"))), None))
    permissions, addresses = row.get("perm"), row.get("ip")
    if not isinstance(permissions, str) or not permissions or not isinstance(addresses, str):
        return None
    names = {name.strip() for name in permissions.split(",")}
    known = {"read_only", "trade"}  # an unknown permission counts as excess
    excess = tuple(text(name) for name in sorted(names - known)[:SHOWN_MAX])
    return KeyPermissions(excess=excess, is_bound=bool(addresses.strip()))


SOURCES: Mapping[str, PermissionSource] = {
    "binance": PermissionSource("sapi_get_account_apirestrictions", binance),
    "bybit": PermissionSource("private_get_v5_user_query_api", bybit),
    "okx": PermissionSource("private_get_account_config", okx),
}


def check_permissions(found: PermissionResult, environment: Environment) -> None:
    """Raise KeyRefused if the key may do more than trade, or in production works from any address.

    Unverified permissions pass, because most venues do not report them.
    """
    if isinstance(found, Unverified):
        return
    if found.excess:
        raise KeyRefused(
            f"the key may move money away ({', '.join(found.excess)}):"
            " create one that can only trade"
        )
    if environment == "production" and not found.is_bound:
        raise KeyRefused("the key works from any IP address: at the venue, restrict it to yours")


def permission_warning(found: PermissionResult, environment: Environment) -> str:
    """Return a warning for the operator about an accepted key; empty if there is none."""
    if isinstance(found, Unverified):
        return (
            ""
            if environment == "sandbox"
            else f"the key's permissions are not known: {found.reason}"
        )
    return "" if found.is_bound else "the key works from any IP address: restrict it to yours"
