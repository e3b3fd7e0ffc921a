"""Holdings per account: free and locked amounts, exact."""

from collections.abc import Mapping
from decimal import Decimal

from quoter.sim.messages import Refused, SimReject

ZERO = Decimal(0)


class Holdings:
    """Free and locked amounts of one account. `changed`: assets changed since it was last cleared.

    Raises ValueError for an opening balance that is negative or not finite. Later only `lock` and
    `require` refuse an amount that is not free.
    """

    def __init__(self, balances: Mapping[str, Decimal]) -> None:
        for asset, amount in balances.items():
            if not (amount.is_finite() and amount >= 0):
                raise ValueError(f"{asset}: a balance can't be {amount}")
        self._free = dict(balances)
        self._locked: dict[str, Decimal] = dict.fromkeys(balances, ZERO)
        self.changed: dict[str, None] = {}  # an ordered set, so that iteration is deterministic

    def free(self, asset: str) -> Decimal:
        return self._free.get(asset, ZERO)

    def both(self, asset: str) -> tuple[Decimal, Decimal]:
        """Return (free, locked) of an asset."""
        return self._free.get(asset, ZERO), self._locked.get(asset, ZERO)

    def all(self) -> dict[str, tuple[Decimal, Decimal]]:
        """Return (free, locked) of every asset ever held."""
        return {asset: self.both(asset) for asset in self._free}

    def lock(self, asset: str, amount: Decimal) -> None:
        """Move an amount of an asset from free to locked. Raises Refused(BALANCE)."""
        self.require(asset, amount)
        self._move(asset, -amount, amount)

    def unlock(self, asset: str, amount: Decimal) -> None:
        self._move(asset, amount, -amount)

    def add(self, asset: str, amount: Decimal) -> None:
        """Add to the free amount; negative to subtract."""
        self._move(asset, amount, ZERO)

    def require(self, asset: str, amount: Decimal) -> None:
        """Raise Refused(BALANCE) unless `amount` of the asset is free."""
        if self.free(asset) < amount:
            raise Refused(SimReject.BALANCE)

    def _move(self, asset: str, free: Decimal, locked: Decimal) -> None:
        free_now, locked_now = self.both(asset)
        self._free[asset] = free_now + free
        self._locked[asset] = locked_now + locked
        self.changed[asset] = None
