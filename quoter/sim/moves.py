"""Moves of a real-like mid: standstills, sizes with a heavy tail, and echoes of earlier moves."""

from heapq import heappop, heappush
from math import exp, sqrt
from random import Random

from quoter.domain.units import NS_PER_S
from quoter.sim.real_like import RealLike

ECHO_S = 1.0  # mean time until the echo of a move
ECHOES_MAX = 1_000  # limit of echoes that are due; a further move has none
MOVE_MAX = 0.05  # share of the mid; larger moves are cut


class Moves:
    """Moves of the mid in a real-like market. Their long-run variance is that of `sigma`."""

    def __init__(self, real: RealLike, sigma: float, rng: Random) -> None:
        self._real, self._rng = real, rng
        # The mean square of exp(tail * normal) is exp(2 tail**2); echoes add to every move.
        usual = sigma / sqrt(real.moves_per_s) / exp(real.move_tail**2)
        self._scale = usual / (1.0 + real.echo)
        self._echoes: list[tuple[int, float]] = []  # heap of (time, move)

    def during(self, now_ns: int, seconds: float, mid: float, volatility: float) -> list[float]:
        """Return the moves in the `seconds` before `now_ns`, price units.

        volatility: present multiple of sigma. Moves are more frequent by this factor, and larger by
        its square root.
        """
        moves = []
        while self._echoes and self._echoes[0][0] <= now_ns:
            moves.append(heappop(self._echoes)[1])
        expected = self._real.moves_per_s * volatility * seconds
        passed = self._rng.expovariate(1.0)
        while passed < expected:
            passed += self._rng.expovariate(1.0)
            move = self._draw(mid, sqrt(volatility))
            moves.append(move)
            self._echo(move, now_ns)
        return moves

    def _draw(self, mid: float, factor: float) -> float:
        tail = exp(self._real.move_tail * self._rng.gauss(0.0, 1.0))
        most = MOVE_MAX * mid
        return max(-most, min(most, factor * self._scale * tail * self._rng.gauss(0.0, 1.0)))

    def _echo(self, move: float, now_ns: int) -> None:
        if self._real.echo and len(self._echoes) < ECHOES_MAX:
            due_ns = now_ns + round(self._rng.expovariate(1.0 / ECHO_S) * NS_PER_S)
            heappush(self._echoes, (due_ns, self._real.echo * move))
