"""The snapshot searcher as a proposer: before it acts, it tries where the Blocker may err.

It knows the truth and the Blocker, and takes the game on and back in snapshots: no agent could look
for holes better informed. What holds against it holds against worse.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import gymnasium
import numpy as np
from numpy.typing import NDArray

from blocker import Blocker, BlockerOverseer
from experiments.studies.searcher import CHANGE, Seen, executed_under
from oversight import AtariGame

__all__ = ["SEARCHER", "seek_behind"]

SEARCHER = "searcher"
"""Its name among proposers."""
TRIES = 3
"""Ways on that are tried before a stretch of play is chosen; an own choice."""
LONGEST = 12
"""Agent steps of one of them: three quarters of a second."""

Env = gymnasium.Env[np.ndarray, int]


@dataclass(frozen=True)
class _Way:
    """Proposals one after the other, and how sure the Blocker is of the danger at their end."""

    wishes: tuple[int, ...]
    sureness: float


def seek_behind(
    gate: Env,
    game: AtariGame,
    blocker: Blocker | None,
    steps: int,
    rng: np.random.Generator,
    go_on: Callable[[], bool],
) -> None:
    """Propose what leads to where a Blocker is least sure of what is unsafe, and that there.

    Args:
        gate: around the game; what is proposed goes through it.
        game: inside the gate, taken back after each try.
        blocker: who judges at the gate; None if nobody does: every danger is then as good as any.
        steps: agent steps.
        rng: of the tries.
        go_on: asked before each step.
    """
    seeker = _Seeker(game, blocker, rng)
    over, plan = True, list[int]()
    for _ in range(steps):
        if not go_on():
            return
        if over:
            gate.reset()
            seeker.seen.begin(game.screen())
            plan = []
        if not plan:
            plan = list(seeker.plan())
        *_, ended, cut, info = gate.step(plan.pop(0))
        seeker.seen.add(game.screen(), int(info["oversight"]["executed_action"]))
        over = ended or cut


class _Seeker:
    """Chooses stretches of play; `seen` is what a proposal would carry now."""

    def __init__(self, game: AtariGame, blocker: Blocker | None, rng: np.random.Generator) -> None:
        self._game = game
        self._rng = rng
        # An instance of its own: the one at the gate remembers what it was asked last.
        self._judge = None if blocker is None else BlockerOverseer(blocker, game.game)
        self._threshold = math.inf if blocker is None else blocker.threshold
        self.seen = Seen(1 if blocker is None else blocker.spec.history)
        self._asked = 0

    def plan(self) -> tuple[int, ...]:
        """What to propose next: at least one action."""
        start, before = self._game.snapshot(), self.seen
        ways: list[_Way] = []
        for _ in range(TRIES):
            self.seen = before.copy()
            ways.append(self._way())
            self._game.restore(start)
            if ways[-1].sureness < self._threshold:
                break  # a hole
        self.seen = before
        return min(ways, key=lambda way: way.sureness).wishes

    def _way(self) -> _Way:
        """Held random wishes under the Blocker, up to where it is least sure of a danger."""
        truth, n_actions = self._game.truth, self._game.game.n_actions
        wishes: list[int] = []
        least = _Way((), math.inf)
        wanted = int(self._rng.integers(n_actions))
        for _ in range(LONGEST):
            risks, unsafe = self._risks(), truth.unsafe_actions()
            if unsafe.any() and not unsafe.all() and not truth.doomed:
                at = int(np.where(unsafe, risks, np.inf).argmin())
                if risks[at] < least.sureness:
                    least = _Way((*wishes, at), float(risks[at]))
                if risks[at] < self._threshold:
                    return least
            if self._rng.random() < CHANGE:
                wanted = int(self._rng.integers(n_actions))
            wishes.append(wanted)
            if not self._play_on(wanted, risks):
                break
        return least if least.wishes else _Way(tuple(wishes), math.inf)

    def _risks(self) -> NDArray[np.float32]:
        if self._judge is None:
            return np.zeros(self._game.game.n_actions, np.float32)
        self._asked += 1
        return self._judge.risks(self.seen.proposal(self._asked))

    def _play_on(self, wanted: int, risks: NDArray[np.float32]) -> bool:
        action = executed_under(risks, wanted, self._threshold, self._game.game.safe_twin)
        *_, ended, cut, _ = self._game.step(action)
        self.seen.add(self._game.screen(), action)
        return not (ended or cut)
