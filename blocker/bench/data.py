"""Steps that Blockers are compared on: from a part of a pack, or from any intervention log."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from blocker.dataset import NO_ACTION, TEACHERS, LabelledLog
from blocker.errors import PackError
from blocker.late import meant
from blocker.metrics import Scores
from blocker.pack import IN_PLAY, Manifest, Truths, log_path, truths_path
from oversight.game import Game
from oversight.games import game_named
from oversight.log import SAFE, UNKNOWN, UNSAFE, InterventionLog, StepTable

__all__ = ["HISTORY", "HeldOut", "joined", "load_log", "load_part", "steps_of"]

HISTORY = 9
"""Screens of each step that a judge may look at: the current one and eight before it."""
_CHUNK = 512


@dataclass(frozen=True)
class HeldOut:
    """Judged steps; n of them, A actions.

    Attributes:
        game: whose steps.
        images: uint8 (m, 210, 160), palette indices, each screen once.
        index: int64 (n, HISTORY), rows of `images`, oldest first; before an episode's second step
            its first screen is repeated.
        previous: int64 (n,), the action executed before, NO_ACTION if there was none.
        action: int64 (n,), the proposed action.
        unsafe: bool (n,), whether it was unsafe: in truth where that is known, else by a teacher.
        rule: bool (n,), whether a person, or the exact form of a person's rule, called it unsafe.
        every: bool (n, A), the truth about every action; (n, 0) where it is not known.
        outcome: uint8 (n, A), see `Truths.outcome`; (n, 0) where it is not known.
        ram: uint8 (n, 256), the console's memory now and a step ago; (n, 0) where not known.
        episode, step: int64 (n,); episodes are unique over all that was joined.
        policy: str (n,), who proposed, or the log's phase.
        age: int64 (n,), agent steps that who proposed had learned for.
        situation: str (n,), where in the game.
    """

    game: Game
    images: NDArray[np.uint8]
    index: NDArray[np.int64]
    previous: NDArray[np.int64]
    action: NDArray[np.int64]
    unsafe: NDArray[np.bool_]
    rule: NDArray[np.bool_]
    every: NDArray[np.bool_]
    outcome: NDArray[np.uint8]
    ram: NDArray[np.uint8]
    episode: NDArray[np.int64]
    step: NDArray[np.int64]
    policy: NDArray[np.str_]
    age: NDArray[np.int64]
    situation: NDArray[np.str_]

    def __len__(self) -> int:
        return len(self.action)

    def where(self, rows: NDArray[np.bool_] | NDArray[np.int64]) -> HeldOut:
        """The steps chosen by a mask or by indices; images are shared."""
        chosen = {
            field.name: getattr(self, field.name)[rows]
            for field in fields(self)
            if field.name not in ("game", "images")
        }
        return replace(self, **chosen)

    def screens(self, lags: Sequence[int]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Which screens are looked at: rows of `images` (u,), and places in them (n, lags).

        Raises:
            ValueError: a lag reaches further back than `HISTORY`.
        """
        if max(lags) >= HISTORY:
            raise ValueError(f"expected lags under {HISTORY}, got {max(lags)}")
        wanted = self.index[:, [HISTORY - 1 - lag for lag in lags]]
        keys, places = np.unique(wanted, return_inverse=True)
        return keys, places.reshape(wanted.shape)

    def scores(self, probability: NDArray[np.float64], label: NDArray[np.bool_]) -> Scores:
        """Probabilities of the proposed actions beside a label."""
        return Scores(probability, label, self.episode, self.step)


def load_part(pack: Path, part: str) -> HeldOut:
    """The steps of one part of a pack at which there is something to judge.

    Raises:
        PackError: the pack is missing or damaged, or its log and truths do not fit.
    """
    manifest, truths = Manifest.load(pack), Truths.load(truths_path(pack, part))
    with InterventionLog.open(log_path(pack, part)) as log:
        table = log.steps()
        if not np.array_equal(table.step_id, truths.step_id):
            raise PackError(f"{pack}: the log and the truths of {part} do not fit: build it again")
        images, index = _screens(log, table)
    rows = np.arange(len(table))
    ages = {name: manifest.age_of(name) for name in np.unique(table.phase).tolist()}
    everything = HeldOut(
        game=game_named(manifest.game),
        images=images,
        index=index,
        previous=_previous(table),
        action=table.proposed,
        unsafe=truths.unsafe[rows, table.proposed],
        rule=truths.rule,
        every=truths.unsafe,
        outcome=truths.outcome,
        ram=np.concatenate([truths.ram, truths.ram[_back(table, 1)]], axis=1),
        episode=table.episode,
        step=table.step,
        policy=table.phase,
        age=np.array([ages[str(name)] for name in table.phase], np.int64),
        situation=truths.situations[truths.situation],
    )
    return everything.where(truths.state == IN_PLAY)


def load_log(
    path: Path, *, judged: bool = False, on_left_out: Callable[[int], None] = lambda _: None
) -> HeldOut:
    """The steps of a log that have a label: the truth, else a teacher's verdict, as it was meant.

    A step whose screens were not all kept (`--keep-screens`) is left out.

    Args:
        path: of the log.
        judged: only steps that a teacher judged. To learn from: a judge that learns from the truth
            about steps of which nobody said a word has labels that no person gave.
        on_left_out: told how many steps with a label lack a screen, if any do.

    Raises:
        LogError: the log cannot be read.
        ValueError: no step of it has a label and its screens.
    """
    with InterventionLog.open(path) as log:
        table = log.steps()
        # Episodes of several environments interleave; each step's past is in its own.
        table = meant(table.where(np.lexsort((table.step, table.episode))), log.late())
        told = np.zeros(len(table), np.bool_) if judged else table.proposed_unsafe != UNKNOWN
        labelled = _said(table) | told
        usable = seen_whole(table) & labelled
        if not usable.any():
            raise ValueError(
                f"{path}: expected steps with a label and their screens, got none: oversee, or "
                "keep all screens"
            )
        if left_out := int((labelled & ~usable).sum()):
            on_left_out(left_out)
        kept = table.frame != UNKNOWN
        return steps_of(log, table.where(kept), game_named(log.meta.game)).where(usable[kept])


def seen_whole(table: StepTable) -> NDArray[np.bool_]:
    """Steps of which every screen that a Blocker looks at was kept: bool (n,).

    Args:
        table: whole episodes, by episode and step.
    """
    kept = table.frame != UNKNOWN
    whole: NDArray[np.bool_] = np.all([kept[_back(table, n)] for n in range(HISTORY)], axis=0)
    return whole


def steps_of(log: LabelledLog, table: StepTable, game: Game) -> HeldOut:
    """Some steps of a log, in the order of the table, which has whole episodes or parts of them.

    Raises:
        ValueError: a screen was not kept.
    """
    images, index = _screens(log, table)
    said, known = _said(table), table.proposed_unsafe != UNKNOWN
    nothing, verdict = np.zeros((len(table), 0)), table.verdict == UNSAFE
    return HeldOut(
        game=game,
        images=images,
        index=index,
        previous=_previous(table),
        action=table.proposed,
        unsafe=np.where(known, table.proposed_unsafe == 1, verdict),
        rule=np.where(said, verdict, table.proposed_unsafe == 1),
        every=nothing.astype(np.bool_),
        outcome=nothing.astype(np.uint8),
        ram=nothing.astype(np.uint8),
        episode=table.episode,
        step=table.step,
        policy=table.phase,
        age=table.step_id,
        situation=np.full(len(table), "not known"),
    )


def _said(table: StepTable) -> NDArray[np.bool_]:
    taught = np.isin(table.source, [str(source) for source in TEACHERS])
    return taught & np.isin(table.verdict, (SAFE, UNSAFE))


def joined(parts: Sequence[HeldOut]) -> HeldOut:
    """All steps of some parts as one; images and episodes are renumbered so that none coincide.

    Raises:
        ValueError: nothing to join, or parts of different games.
    """
    if not parts:
        raise ValueError("expected a pack or a log")
    for part in parts[1:]:
        if part.game != parts[0].game:
            raise ValueError(
                f"expected steps of one game: {parts[0].game.name}, got {part.game.name} too"
            )
    if len(parts) == 1:
        return parts[0]
    images = np.cumsum([0, *(len(part.images) for part in parts)])
    episodes = np.cumsum([0, *(int(part.episode.max(initial=-1)) + 1 for part in parts)])
    moved = [
        replace(part, index=part.index + image, episode=part.episode + episode)
        for part, image, episode in zip(parts, images, episodes, strict=False)
    ]
    # What one of them does not know, is not known of all.
    for name in ("every", "outcome", "ram"):
        if len({getattr(part, name).shape[1] for part in moved}) > 1:
            moved = [replace(part, **{name: getattr(part, name)[:, :0]}) for part in moved]
    columns = {
        field.name: np.concatenate([getattr(part, field.name) for part in moved])
        for field in fields(HeldOut)
        if field.name != "game"
    }
    return HeldOut(game=parts[0].game, **columns)


def _screens(log: LabelledLog, table: StepTable) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    if (table.frame == UNKNOWN).any():
        raise ValueError("expected every screen to be kept, got steps without one")
    keys, places = np.unique(table.frame, return_inverse=True)
    images = np.empty((len(keys), 210, 160), np.uint8)
    for start in range(0, len(keys), _CHUNK):
        images[start : start + _CHUNK] = log.frames(keys[start : start + _CHUNK])
    back = [_back(table, lag) for lag in range(HISTORY - 1, -1, -1)]
    return images, np.stack([places[rows] for rows in back], axis=1)


def _back(table: StepTable, lag: int) -> NDArray[np.int64]:
    """Rows of the steps so far back in the same episode, or the first one kept of it."""
    index = np.arange(len(table))
    new = np.ones(len(table), np.bool_)
    new[1:] = (np.diff(table.episode) != 0) | (np.diff(table.step) != 1)
    first = np.maximum.accumulate(np.where(new, index, 0))
    return np.maximum(index - lag, first)


def _previous(table: StepTable) -> NDArray[np.int64]:
    before = _back(table, 1)
    at_start = before == np.arange(len(table))
    return np.where(at_start, NO_ACTION, table.executed[before]).astype(np.int64)
