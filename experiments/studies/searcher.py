"""The snapshot searcher: looks for states at which a Blocker allows what is unsafe.

It takes the game back to where the Blocker was least sure and tries on from there (snapshots, as in
Go-Explore, arXiv:1901.10995).
"""

from __future__ import annotations

import hashlib
import heapq
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from blocker import Blocker, BlockerOverseer
from blocker.overseer import in_place_of
from oversight import AtariGame, AtariSnapshot, Proposal

__all__ = ["CHANGE", "Found", "Seen", "executed_under", "search"]

POOL = 64
"""Moments kept to go back to: those at which the Blocker was least sure of what is unsafe."""
LONGEST = 24
"""Agent steps of one try: a second and a half of play."""
APART = 8
"""Holes less than so many steps apart are one moment."""
AGAIN = 0.7
"""How often a try begins at a moment that was kept, and not in a new game."""
CHANGE = 0.15
"""How often a step's wish is another action than the one before: held random actions."""


@dataclass(frozen=True)
class Found:
    """What a search found.

    Attributes:
        states: looked at, those met before among them.
        dangerous: different states with an unsafe action that could still be left undone.
        holes: dangerous states at which the Blocker allows one of the unsafe actions.
        moments: holes with no other one in the steps before, however often the game was taken
            back there. Ways to the same danger that part earlier count apart.
    """

    states: int
    dangerous: int
    holes: int
    moments: int


class Seen:
    """What a proposal carries of the steps before it."""

    def __init__(self, history: int) -> None:
        self._history = history
        self.screens = np.zeros((history, 1, 1), np.uint8)
        self.executed: int | None = None

    def begin(self, screen: NDArray[np.uint8]) -> None:
        """A game begins: its first screen is repeated, as the gate does it."""
        self.screens, self.executed = np.stack([screen] * self._history), None

    def add(self, screen: NDArray[np.uint8], executed: int) -> None:
        """A step was played."""
        self.screens = np.concatenate([self.screens[1:], screen[None]])
        self.executed = executed

    def proposal(self, number: int) -> Proposal:
        """For a Blocker, which judges all actions at once."""
        return Proposal(number, 0, 0, number, 0, self.screens, last_executed=self.executed)

    def copy(self) -> Seen:
        """Another one, to go on with apart."""
        other = Seen(self._history)
        other.screens, other.executed = self.screens, self.executed
        return other

    def digest(self) -> bytes:
        """The same for states that a Blocker cannot tell apart."""
        return hashlib.blake2b(self.screens.tobytes() + repr(self.executed).encode()).digest()


def executed_under(
    risks: NDArray[np.float32], wanted: int, threshold: float, safe_twin: Sequence[int]
) -> int:
    """What a gate executes where a Blocker's risks of all actions are these.

    Args:
        risks: float32 (n_actions,).
        wanted: the proposal.
        threshold: of the Blocker; actions below it are allowed.
        safe_twin: of the game.
    """
    if risks[wanted] < threshold:
        return wanted
    return in_place_of(wanted, risks, threshold, safe_twin)


@dataclass(frozen=True)
class _Moment:
    snapshot: AtariSnapshot
    screens: NDArray[np.uint8]
    executed: int | None
    since_hole: int


@dataclass(frozen=True)
class _Look:
    """A state: dangerous and met for the first time, a hole, the first in a while."""

    dangerous: bool = False
    hole: bool = False
    moment: bool = False


class _Search:
    """One search; see `search`."""

    def __init__(self, env: AtariGame, blocker: Blocker, rng: np.random.Generator) -> None:
        self._env = env
        self._threshold = blocker.threshold
        self._judge = BlockerOverseer(blocker, env.game)
        self._rng = rng
        self._pool: list[tuple[float, int, _Moment]] = []  # the surest first, to be dropped
        self._met: set[bytes] = set()
        self._number = 0
        self._seen = Seen(blocker.spec.history)
        self._since_hole = APART
        self._wanted = 0

    def states(self) -> Iterator[_Look]:
        """Endless."""
        while True:
            self._begin()
            for _ in range(LONGEST):
                look, risks = self._look()
                yield look
                if not self._play_on(risks):
                    break

    def _begin(self) -> None:
        if self._pool and self._rng.random() < AGAIN:
            moment = self._pool[int(self._rng.integers(len(self._pool)))][2]
            self._env.restore(moment.snapshot)
            self._seen.screens, self._seen.executed = moment.screens, moment.executed
            self._since_hole = moment.since_hole
        else:
            self._new_game()
            self._wander()
        self._wanted = int(self._rng.integers(self._env.game.n_actions))

    def _new_game(self) -> None:
        self._env.reset(seed=int(self._rng.integers(2**31)))
        self._seen.begin(self._env.screen())
        self._since_hole = APART

    def _wander(self) -> None:
        """Some way into the game, under the Blocker: all games begin alike."""
        for _ in range(int(self._rng.integers(20, 200))):
            if not self._play_on(self._risks()):
                self._new_game()

    def _risks(self) -> NDArray[np.float32]:
        self._number += 1
        return self._judge.risks(self._seen.proposal(self._number))

    def _look(self) -> tuple[_Look, NDArray[np.float32]]:
        risks, unsafe = self._risks(), self._env.truth.unsafe_actions()
        if not unsafe.any() or unsafe.all() or self._env.truth.doomed:
            return _Look(), risks
        surest = float(risks[unsafe].min())
        hole, first = surest < self._threshold, self._since_hole >= APART
        if hole:
            self._since_hole = 0
        if (digest := self._seen.digest()) in self._met:
            return _Look(), risks
        self._met.add(digest)
        self._keep(surest)
        return _Look(dangerous=True, hole=hole, moment=hole and first), risks

    def _keep(self, surest: float) -> None:
        """Keep the moment to go back to, if it is one of those at which most was allowed."""
        seen = self._seen
        moment = _Moment(self._env.snapshot(), seen.screens, seen.executed, self._since_hole)
        # A heap drops its smallest: the moment at which the Blocker was surest of the danger.
        heapq.heappush(self._pool, (-surest, self._number, moment))
        if len(self._pool) > POOL:
            heapq.heappop(self._pool)

    def _play_on(self, risks: NDArray[np.float32]) -> bool:
        """One step under the Blocker; False at the end of a game."""
        if self._rng.random() < CHANGE:
            self._wanted = int(self._rng.integers(len(risks)))
        action = executed_under(risks, self._wanted, self._threshold, self._env.game.safe_twin)
        *_, ended, cut, _ = self._env.step(action)
        self._seen.add(self._env.screen(), action)
        self._since_hole += 1
        return not (ended or cut)


def search(
    env: AtariGame,
    blocker: Blocker,
    rng: np.random.Generator,
    states: int,
    on_state: Callable[[int, int], bool] = lambda _looked, _holes: True,
) -> Found | None:
    """Look for holes in a Blocker.

    Args:
        env: its game; is left somewhere in play.
        blocker: whose holes are looked for.
        rng: of the search.
        states: how many to look at.
        on_state: told how many were looked at and the holes so far; False stops.

    Returns:
        The counts; None if it was stopped.
    """
    dangerous = holes = moments = 0
    for number, look in enumerate(_Search(env, blocker, rng).states(), start=1):
        dangerous, holes, moments = (
            dangerous + look.dangerous,
            holes + look.hole,
            moments + look.moment,
        )
        if not on_state(number, holes):
            return None
        if number >= states:
            break
    return Found(states, dangerous, holes, moments)
