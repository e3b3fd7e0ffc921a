"""Golden vectors of pricing, computed with 60 digits and written with 12.

Run `python -m tests.golden.generate` to write them anew. Nothing here imports quoter: these are a
second way to the same numbers. What must hold to the digit (quantising, sizes) is done in Decimal.
"""

import json
from pathlib import Path

import mpmath  # type: ignore[import-untyped]  # no type hints published

from tests.golden import streams

DATA = Path(__file__).parent / "data"
DIGITS = 60
LOTS = (-10, -3, -1, 0, 1, 3, 10)

type Number = mpmath.mpf
type Row = dict[str, object]

# name: fair, gamma per lot, sigma, kappa, A, horizon
MARKETS = {
    "as_paper_g0.1": ("100", "0.1", "2", "1.5", "140", "1"),
    "as_paper_g0.01": ("100", "0.01", "2", "1.5", "140", "1"),
    "as_paper_g1": ("100", "1", "2", "1.5", "140", "1"),
    "glft_paper_ticks": ("1000", "0.01", "0.3", "0.3", "0.9", "600"),
    "btc_usdt": ("100000", "0.02", "8", "0.2", "0.8", "300"),
    "eth_usdt": ("4000", "0.5", "0.5", "5", "0.8", "300"),
    "alt_0.02": ("0.02", "5000", "0.000004", "50000", "0.05", "300"),
    "illiquid_alt": ("1.5", "20", "0.0006", "150", "0.004", "900"),
    "hot_vol": ("100", "0.75", "0.2", "1.5", "0.5", "60"),
}
# gamma per base unit, sigma, kappa, A, order size, inventory in base
BASE_UNIT_CASES = (
    ("2", "8", "0.2", "0.8", "0.01", "0.03"),
    ("2", "8", "0.2", "0.8", "0.01", "-0.1"),
    ("0.05", "10.69", "0.25", "1.2", "1", "4"),
    ("0.001", "0.000004", "50000", "0.05", "5000", "15000"),
    ("1e-5", "0.5", "5", "0.8", "0.5", "2.5"),
)
# name: sigma, kappa, A
REFERENCE_MARKETS = {
    "as_paper": ("2", "1.5", "140"),
    "btc_spot_real_w1": ("8.49", "0.1458", "0.305"),
    "btc_perp_real_w1": ("7.08", "0.137", "0.338"),
    "nexo_real_w1": ("0.00015", "1460", "0.033"),
    "micro_alt": ("6e-7", "200000", "0.03"),
}


def shown(**numbers: Number) -> Row:
    """Every number with 12 significant digits; integers stay integers."""
    return {
        name: value if isinstance(value, int) else float(mpmath.nstr(value, 12))
        for name, value in numbers.items()
    }


def log1p_ratio(x: Number) -> Number:
    return mpmath.mpf(1) if x == 0 else mpmath.log1p(x) / x


def glft_slope(gamma: Number, sigma: Number, kappa: Number, A: Number, xi: Number) -> Number:
    x = xi / kappa
    power = mpmath.exp((1 + x) * log1p_ratio(x))
    return mpmath.sqrt(gamma * sigma**2 / (2 * kappa * A) * power)


def session_row(
    name: str, fair: Number, gamma: Number, sigma: Number, kappa: Number, tau: Number, q: int
) -> Row:
    """One Avellaneda-Stoikov quote with a horizon of tau seconds."""
    reservation = fair - q * gamma * sigma**2 * tau
    spread = gamma * sigma**2 * tau + 2 * log1p_ratio(gamma / kappa) / kappa
    return {
        "name": name,
        "inputs": shown(s=fair, q=q, gamma=gamma, sigma=sigma, k=kappa, tau=tau),
        "outputs": shown(
            reservation=reservation,
            spread=spread,
            bid=reservation - spread / 2,
            ask=reservation + spread / 2,
            delta_bid=fair - reservation + spread / 2,
            delta_ask=reservation - fair + spread / 2,
        ),
    }


def avellaneda_stoikov() -> dict[str, list[Row]]:
    """A session and a rolling horizon on every market, and the limit of no risk aversion."""
    rows: list[Row] = []
    for name, texts in MARKETS.items():
        fair, gamma, sigma, kappa, _, horizon = map(mpmath.mpf, texts)
        for q in LOTS:
            for part in ("1", "0.25", "0"):
                tau = horizon * mpmath.mpf(part)
                title = f"{name}/q={q}/tau={part}T"
                rows.append(session_row(title, fair, gamma, sigma, kappa, tau, q))
    fair, sigma, kappa, tau = map(mpmath.mpf, ("100", "2", "1.5", "1"))
    for text in ("0", "1e-12", "1e-8", "1e-4"):
        title = f"gamma_limit/{text}"
        rows.append(session_row(title, fair, mpmath.mpf(text), sigma, kappa, tau, 5))
    return {"finite_horizon": rows}


def closed_form() -> list[Row]:
    """The stationary quote, with the fills' own risk (xi = gamma) and without (xi = 0)."""
    rows: list[Row] = []
    for name, texts in MARKETS.items():
        fair, gamma, sigma, kappa, A, _ = map(mpmath.mpf, texts)
        for mode, xi in (("gamma", gamma), ("zero", mpmath.mpf(0))):
            c1 = log1p_ratio(xi / kappa) / kappa
            slope = glft_slope(gamma, sigma, kappa, A, xi)
            for n in LOTS:
                delta_bid = c1 + (2 * n + 1) * slope / 2
                delta_ask = c1 - (2 * n - 1) * slope / 2
                rows.append(
                    {
                        "name": f"{name}/xi={mode}/n={n}",
                        "inputs": shown(s=fair, n=n, gamma=gamma, xi=xi, sigma=sigma, k=kappa, A=A),
                        "outputs": shown(
                            c1=c1,
                            slope=slope,
                            half_spread=c1 + slope / 2,
                            tau_equivalent=slope / (gamma * sigma**2),
                            delta_bid=delta_bid,
                            delta_ask=delta_ask,
                            bid=fair - delta_bid,
                            ask=fair + delta_ask,
                        ),
                    }
                )
    return rows


def base_unit_form() -> list[Row]:
    """The stationary quote with inventory and gamma per base unit and a given order size."""
    rows: list[Row] = []
    for texts in BASE_UNIT_CASES:
        gamma, sigma, kappa, A, size, q = map(mpmath.mpf, texts)
        for mode, xi in (("gamma", gamma), ("zero", mpmath.mpf(0))):
            x = xi * size / kappa
            c1 = log1p_ratio(x) / kappa
            power = mpmath.exp((1 + x) * log1p_ratio(x))
            c2 = mpmath.sqrt(gamma / (2 * A * size * kappa) * power)
            title = f"delta_form/D={mpmath.nstr(size, 6)}/q={mpmath.nstr(q, 6)}/xi={mode}"
            rows.append(
                {
                    "name": title,
                    "inputs": shown(gamma=gamma, xi=xi, sigma=sigma, k=kappa, A=A, Delta=size, q=q),
                    "outputs": shown(
                        c1=c1,
                        c2=c2,
                        half_spread=c1 + size / 2 * sigma * c2,
                        skew_per_unit=sigma * c2,
                        delta_bid=c1 + (2 * q + size) / 2 * sigma * c2,
                        delta_ask=c1 - (2 * q - size) / 2 * sigma * c2,
                    ),
                }
            )
    return rows


def exact_bounded() -> list[Row]:
    """The stationary quote with a limit of ten lots, from the ground eigenvector."""
    rows: list[Row] = []
    Q = 10
    for name, texts in MARKETS.items():
        _, gamma, sigma, kappa, A, _ = map(mpmath.mpf, texts)
        x = gamma / kappa
        alpha = kappa * gamma * sigma**2 / 2
        eta = A * mpmath.exp(-(1 + x) * log1p_ratio(x))
        matrix = mpmath.zeros(2 * Q + 1)
        for i in range(2 * Q + 1):
            matrix[i, i] = alpha * (i - Q) ** 2
            if i:
                matrix[i, i - 1] = matrix[i - 1, i] = -eta
        values, vectors = mpmath.eigsy(matrix)
        f = [abs(vectors[i, 0]) for i in range(2 * Q + 1)]
        c1 = log1p_ratio(x) / kappa
        bids = {str(n): c1 + mpmath.log(f[n + Q] / f[n + 1 + Q]) / kappa for n in range(-Q, Q)}
        asks = {
            str(n): c1 + mpmath.log(f[n + Q] / f[n - 1 + Q]) / kappa for n in range(1 - Q, Q + 1)
        }
        outputs = shown(alpha=alpha, eta=eta, eigenvalue=values[0], ce_rate=-values[0] / kappa)
        rows.append(
            {
                "name": name,
                "inputs": shown(gamma=gamma, sigma=sigma, k=kappa, A=A, Q=Q),
                "outputs": {**outputs, "delta_bid": shown(**bids), "delta_ask": shown(**asks)},
            }
        )
    return rows


def normalisation() -> list[Row]:
    """The risk aversion per lot of a normalised gamma on five markets with three limits."""
    rows: list[Row] = []
    for name, texts in REFERENCE_MARKETS.items():
        sigma, kappa, A = map(mpmath.mpf, texts)
        for N in (5, 10, 20):
            for text in ("0.1", "1", "10"):
                ghat = mpmath.mpf(text)
                gamma = ghat * 128 / mpmath.e * A / (N**4 * kappa * sigma**2)
                c1 = log1p_ratio(gamma / kappa) / kappa
                slope = glft_slope(gamma, sigma, kappa, A, gamma)
                rows.append(
                    {
                        "name": f"{name}/N={N}/ghat={text}",
                        "inputs": shown(ghat=ghat, N=N, sigma=sigma, k=kappa, A=A),
                        "outputs": shown(
                            gamma_lot=gamma,
                            g=gamma / kappa,
                            rho=kappa**2 * sigma**2 / A,
                            slope_xi0=glft_slope(gamma, sigma, kappa, A, mpmath.mpf(0)),
                            slope=slope,
                            c1=c1,
                            half_spread=c1 + slope / 2,
                            sd_lots_gauss=1 / mpmath.sqrt(2 * kappa * slope),
                        ),
                    }
                )
    return rows


def files() -> dict[str, dict[str, object]]:
    """Content of every file in `data`, by name."""
    with mpmath.workdps(DIGITS):
        return {
            "avellaneda_stoikov.json": {**avellaneda_stoikov()},
            "glft.json": {
                "closed_form": closed_form(),
                "delta_form": base_unit_form(),
                "exact_bounded": exact_bounded(),
                "normalisation": normalisation(),
            },
            "streams.json": {
                "vol_ewma": streams.vol_ewma(),
                "vol_jump": streams.vol_jump(),
                "flow_z": streams.flow_z(),
                "vpin": streams.vpin(),
                "ce": streams.certainty_equivalent(),
                "widen": streams.widen(),
                "quantize": streams.quantize(),
                "sizes": streams.sizes(),
            },
        }


def main() -> None:
    DATA.mkdir(exist_ok=True)
    for name, content in files().items():
        (DATA / name).write_text(json.dumps(content, indent=0) + "\n")


if __name__ == "__main__":
    main()
