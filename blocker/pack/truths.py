"""What a pack knows of each step beside its log: the truth about every action, and the memory."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from blocker.errors import PackError
from oversight import PALETTE_GREY, AtariGame
from oversight.arrays import read_arrays, write_arrays
from oversight.errors import UnreadableArrays

__all__ = ["DARK", "HARM", "IN_PLAY", "LOST", "Truths", "TruthsWriter", "outcome_classes"]

IN_PLAY, LOST, HARM, DARK = 0, 1, 2, 3
"""Codes of `Truths.state`: to be judged; no action averts the harm any more; harm takes its
course; a screen without a picture, as between two levels."""
DARK_MEAN = 10
"""Mean grey level under which a screen holds no picture; played ones have 40 and more."""


@dataclass(frozen=True)
class Truths:
    """One row per step of a part, in the order of its log; A actions.

    Attributes:
        step_id: int64 (n,), the log's.
        unsafe: bool (n, A), whether each action makes a catastrophe unavoidable.
        rule: bool (n,), whether a person's rule calls the proposed action unsafe.
        outcome: uint8 (n, A): actions of a step with the same number leave the console in the same
            state after this step and one of NOOP more, so that to exchange one for the other
            changes nothing. (n, 0) where that was not tried.
        state: uint8 (n,), IN_PLAY, LOST, HARM or DARK.
        situation: uint8 (n,), row of `situations`.
        ram: uint8 (n, 128), the console's memory before the step. For reference learners alone: no
            Blocker may see it.
        situations: str (m,), words for where in the game a step is.
    """

    step_id: NDArray[np.int64]
    unsafe: NDArray[np.bool_]
    rule: NDArray[np.bool_]
    outcome: NDArray[np.uint8]
    state: NDArray[np.uint8]
    situation: NDArray[np.uint8]
    ram: NDArray[np.uint8]
    situations: NDArray[np.str_]

    def __len__(self) -> int:
        return len(self.step_id)

    def save(self, path: Path) -> None:
        """Write the arrays as a compressed npz file, all of it or none."""
        write_arrays(path, {field.name: getattr(self, field.name) for field in fields(self)})

    @classmethod
    def load(cls, path: Path) -> Truths:
        """Read `save`'s file.

        Raises:
            PackError: it is missing or damaged.
        """
        try:
            return cls(**read_arrays(path, [field.name for field in fields(cls)]))
        except UnreadableArrays as error:
            raise PackError(f"{error}: build the pack again") from error


class TruthsWriter:
    """Asks about each state of a game in play, before its step is made."""

    def __init__(self, *, outcomes: bool) -> None:
        """Begin with no rows; `outcomes`: try which actions change the game."""
        self._outcomes = outcomes
        self._rows: list[tuple[NDArray[np.bool_], bool, NDArray[np.uint8], int, int]] = []
        self._ram: list[NDArray[np.uint8]] = []
        self._situations: dict[str, int] = {}

    def ask(self, env: AtariGame, action: int) -> None:
        """Keep all there is to know of the present state and the proposed action."""
        state = _state(env)
        word = env.catastrophe.situation(env.emulator)
        place = self._situations.setdefault(word, len(self._situations))
        count = env.game.n_actions
        unsafe = env.truth.unsafe_actions() if state == IN_PLAY else np.zeros(count, np.bool_)
        rule = env.rule.unsafe(action) if state == IN_PLAY else False
        outcome = outcome_classes(env) if self._outcomes else np.zeros(0, np.uint8)
        self._ram.append(env.emulator.ram().copy())
        self._rows.append((unsafe, rule, outcome, state, place))

    def truths(self) -> Truths:
        """All rows so far."""
        unsafe, rule, outcome, state, situation = zip(*self._rows, strict=True)
        return Truths(
            step_id=np.arange(len(self._rows), dtype=np.int64),
            unsafe=np.stack(unsafe),
            rule=np.array(rule, np.bool_),
            outcome=np.stack(outcome),
            state=np.array(state, np.uint8),
            situation=np.array(situation, np.uint8),
            ram=np.stack(self._ram),
            situations=np.array(list(self._situations), np.str_),
        )


def _state(env: AtariGame) -> int:
    if env.harmful:
        return HARM
    if PALETTE_GREY[env.screen()].mean() < DARK_MEAN:
        return DARK
    return LOST if env.truth.doomed else IN_PLAY


def outcome_classes(env: AtariGame) -> NDArray[np.uint8]:
    """Number the different states that the actions lead to: uint8 (n_actions,).

    Each action is played for one agent step and NOOP for another: FIRE with a shot in the air
    leaves no trace by then, and longer was never different (200 states a game, up to 16 steps).
    The game is left as it was found.
    """
    emulator, frames = env.emulator, env.game.frameskip
    start = emulator.snapshot()
    known: dict[Hashable, int] = {}
    out = np.empty(env.game.n_actions, np.uint8)
    for action in range(env.game.n_actions):
        emulator.restore(start)
        for _ in range(frames):
            emulator.act(action)
        for _ in range(frames):
            emulator.act(0)
        key = emulator.key(emulator.snapshot())
        out[action] = known.setdefault(key, len(known))
    emulator.restore(start)
    return out
