"""What our key may do, as far as the venue tells: it should trade, and nothing else (SE-03).

One pure parser for each venue that tells. An answer that does not say a thing clearly is none.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from quoter.domain.errors import KeyRefused
from quoter.venues.config import Environment
from quoter.venues.json_values import as_list, as_map, text

SHOWN_MAX = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyPermissions:
    """`excess`: rights to move money away. `is_bound`: accepted from listed addresses only."""

    excess: tuple[str, ...]
    is_bound: bool


@dataclass(frozen=True, slots=True)
class Unverified:
    """Nobody told, and why."""

    why: str


type Found = KeyPermissions | Unverified
type Parse = Callable[[object], KeyPermissions | None]


@dataclass(frozen=True, slots=True)
class Source:
    """Where a venue tells: ccxt's implicit method, and how to read its answer."""

    method: str
    parse: Parse


def binance(answer: object) -> KeyPermissions | None:
    """GET /sapi/v1/account/apiRestrictions; its test network has no such page."""
    fields = as_map(answer)
    flags = ("enableWithdrawals", "enableInternalTransfer", "permitsUniversalTransfer")
    found = {name: fields.get(name) for name in (*flags, "ipRestrict")}
    if not all(isinstance(value, bool) for value in found.values()):
        return None
    return KeyPermissions(
        excess=tuple(name for name in flags if found[name]), is_bound=found["ipRestrict"] is True
    )


def bybit(answer: object) -> KeyPermissions | None:
    """GET /v5/user/query-api: all wallet rights move money; `*` among the addresses is any."""
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
    """GET /api/v5/account/config: `perm` is a list with commas, `ip` is empty for any address."""
    row = as_map(next(iter(as_list(as_map(answer).get("data"))), None))
    permissions, addresses = row.get("perm"), row.get("ip")
    if not isinstance(permissions, str) or not permissions or not isinstance(addresses, str):
        return None
    names = {name.strip() for name in permissions.split(",")}
    known = {"read_only", "trade"}  # a right that OKX invents tomorrow is one too many
    excess = tuple(text(name) for name in sorted(names - known)[:SHOWN_MAX])
    return KeyPermissions(excess=excess, is_bound=bool(addresses.strip()))


SOURCES: Mapping[str, Source] = {
    "binance": Source("sapi_get_account_apirestrictions", binance),
    "bybit": Source("private_get_v5_user_query_api", bybit),
    "okx": Source("private_get_account_config", okx),
}


def check_rights(found: Found, environment: Environment) -> None:
    """Raise KeyRefused if the key may do more than it should, here.

    What can't be verified passes: most venues tell nothing.
    """
    if isinstance(found, Unverified):
        return
    if found.excess:
        raise KeyRefused(
            f"the key may move money away ({', '.join(found.excess)}): make one that can only trade"
        )
    if environment == "production" and not found.is_bound:
        raise KeyRefused("the key works from any address: bind it to yours at the venue")


def doubts(found: Found, environment: Environment) -> str:
    """What a person should know although it is not refused; empty if all is well."""
    if isinstance(found, Unverified):
        return "" if environment == "sandbox" else f"the key's rights are not known: {found.why}"
    return "" if found.is_bound else "the key works from any address: bind it to yours"
