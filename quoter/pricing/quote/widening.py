"""The side that would add to the inventory stands farther out, the fuller we are."""

import math

from quoter.domain.errors import InvalidInput

NU_MAX = 1e6  # an inventory of a million limits is no inventory but a broken number


def widening(
    *, nu: float, beta: float = 1.0, p: float = 2.0, nu0: float = 0.0, w_cap: float = 4.0
) -> float:
    """Return how far the exposed side moves out, in half-spreads: min(cap, beta * x^p).

    nu = |inventory| / limit, >= 0; x = how far nu is past nu0, as a fraction of what is left
    above nu0; beta, p, nu0 and w_cap as in QuoteShape, which checks them.
    Raises InvalidInput for a nu outside [0, 1e6]. Smooth at nu0 for p > 1.
    """
    if not (0.0 <= nu <= NU_MAX):
        raise InvalidInput("nu", nu)
    if nu <= nu0:
        return 0.0
    x = (nu - nu0) / (1.0 - nu0)
    return min(w_cap, beta * math.pow(x, p))
