"""Playing a log's episodes again, step for step, to ask what could not be asked then.

An episode's seed and its *executed* actions are the whole game. Where a late block took the game
back, it is taken back again. Every screen, score and end is compared with the log's.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from oversight.atari import AtariGame, AtariSettings, AtariSnapshot
from oversight.errors import LogError, ReplayDiffers
from oversight.games import GAMES, game_named
from oversight.log import UNKNOWN, InterventionLog, LogMeta, StepTable, package_versions
from oversight.log.history import Beginning, History

__all__ = ["Moment", "game_of", "moments", "obstacle"]

SCREENS = 256
"""Screens that are read at one go: 9 MB of Atari's."""


@dataclass(frozen=True, slots=True)
class Moment:
    """The moment before a logged step, in a game that is being played again.

    Attributes:
        row: of the step in the table, undone ones included.
        game: in the state that was judged; not to be stepped.
    """

    row: int
    game: AtariGame


def obstacle(meta: LogMeta, history: History) -> str | None:
    """Why a log's episodes cannot be played again; None if nothing is known against it."""
    if meta.game not in GAMES or not GAMES[meta.game].rom:
        return f"{meta.game} is no Atari game that this program knows"
    if meta.actions != GAMES[meta.game].actions:
        return f"its actions are not those that {meta.game} has here"
    unseeded = [b.episode for b in history.beginnings.values() if b.seed is None]
    if unseeded:
        return f"{len(unseeded)} of its {len(history.beginnings)} episodes have no seed"
    return None


def game_of(meta: LogMeta, definition: str | None = None) -> AtariGame:
    """The game of a log, as it was played; what the log does not say is as is usual.

    Args:
        meta: the log's.
        definition: name of what must not happen; what results are counted by if not given.

    Raises:
        ValueError: the game has no definition of that name.
    """
    said, usual = meta.environment, AtariSettings()
    game = game_named(meta.game)
    return AtariGame(
        game.with_frameskip(int(said.get("frameskip") or game.frameskip)),
        AtariSettings(
            noop_max=int(said.get("noop_max", usual.noop_max) or 0),
            sticky=float(said.get("sticky", usual.sticky) or 0.0),
        ),
        definition=definition,
    )


def moments(
    log: InterventionLog, table: StepTable, history: History, game: AtariGame
) -> Iterator[Moment]:
    """Play a log again; stops before each of its steps.

    Args:
        log: whose screens are compared.
        table: all of its steps, undone ones included.
        history: how its episodes began.
        game: as `game_of` makes it.

    Raises:
        LogError: a step is missing.
        ReplayDiffers: a step shows, scores or ends something else than it did then.
    """
    for episode in np.unique(table.episode).tolist():
        rows = np.flatnonzero(table.episode == episode)
        yield from _Again(log, table, history.beginnings[episode], game).play(rows)


class _Again:
    """One episode that is played again."""

    def __init__(
        self, log: InterventionLog, table: StepTable, beginning: Beginning, game: AtariGame
    ) -> None:
        self._log = log
        self._table = table
        self._seed = beginning.seed
        self._game = game
        self._marks: dict[int, AtariSnapshot] = {}

    def play(self, rows: NDArray[np.int64]) -> Iterator[Moment]:
        steps = self._table.step[rows]
        follows = np.diff(steps, prepend=-1) == 1
        returned_to = set(steps[~follows].tolist())
        self._game.reset(seed=self._seed)
        for start in range(0, len(rows), SCREENS):
            part = slice(start, start + SCREENS)
            screens = self._screens(rows[part])
            for row, goes_on in zip(rows[part].tolist(), follows[part], strict=True):
                self._arrive(row, bool(goes_on))
                if int(self._table.step[row]) in returned_to:
                    self._marks[int(self._table.step[row])] = self._game.snapshot()
                self._compare(row, screens)
                yield Moment(row, self._game)
                self._play(row)

    def _arrive(self, row: int, goes_on: bool) -> None:
        if goes_on:
            return
        moment = self._marks.get(int(self._table.step[row]))
        if moment is None:
            raise LogError(
                f"{self._where(row)} does not follow the one before it: steps are missing, so the "
                "game cannot be played again"
            )
        self._game.restore(moment)

    def _screens(self, rows: NDArray[np.int64]) -> dict[int, NDArray[np.generic]]:
        keys = np.unique([self._table.frame[rows], self._table.frame_before[rows]])
        keys = keys[keys != UNKNOWN]
        return dict(zip(keys.tolist(), self._log.frames(keys), strict=True))

    def _compare(self, row: int, screens: dict[int, NDArray[np.generic]]) -> None:
        screen = screens.get(int(self._table.frame[row]))
        if screen is not None and not np.array_equal(screen, self._game.screen()):
            self._differs(row, "shows another screen")
        before = screens.get(int(self._table.frame_before[row]))
        if before is not None and not np.array_equal(before, self._game.screen_before()):
            self._differs(row, "shows another frame before its screen")

    def _play(self, row: int) -> None:
        _, _, ended, _, info = self._game.step(int(self._table.executed[row]))
        if info["game_reward"] != self._table.game_reward[row]:
            self._differs(
                row, f"scores {info['game_reward']:g} and not {self._table.game_reward[row]:g}"
            )
        if ended != self._table.terminated[row]:
            self._differs(row, "ends the game" if ended else "does not end the game")

    def _where(self, row: int) -> str:
        table = self._table
        return (
            f"{self._log.path}: step {table.step_id[row]} (step {table.step[row]} of episode "
            f"{table.episode[row]})"
        )

    def _differs(self, row: int, what: str) -> None:
        then, now = self._log.meta.versions, package_versions()
        changed = [f"{name} {then[name]} then, {now[name]} now" for name in ("ale-py", "hirl")]
        raise ReplayDiffers(
            f"{self._where(row)} {what} when it is played again ({', '.join(changed)})"
        )
