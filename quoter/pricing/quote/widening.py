"""Widening: extra distance of the exposed side, growing with inventory.

Formula and study: deploy/docs/strategy.md, "Widening".
"""

import math

from quoter.domain.errors import InvalidInput

NU_MAX = 1e6  # a larger |inventory|/limit can only be a wrong number


def widening(
    *, nu: float, beta: float = 1.0, p: float = 2.0, nu0: float = 0.0, w_cap: float = 4.0
) -> float:
    """Return the extra distance of the exposed side, in half-spreads: min(w_cap, beta * x^p).

    nu = |inventory| / limit, >= 0; x = (nu - nu0) / (1 - nu0), at least 0; beta, p, nu0 and w_cap
    as in QuoteShape, which checks them.
    Raises InvalidInput for a nu outside [0, 1e6]. Smooth at nu0 for p > 1.
    """
    if not (0.0 <= nu <= NU_MAX):
        raise InvalidInput("nu", nu)
    if nu <= nu0:
        return 0.0
    x = (nu - nu0) / (1.0 - nu0)
    return min(w_cap, beta * math.pow(x, p))
