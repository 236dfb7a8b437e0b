"""Sheet by sheet: show screens, learn from the answers, show what is in doubt; all of it kept."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from blocker.naming import Questions, Spotter, View, fit_spotter
from experiments.naming.people import Answered, Namer, Sheet
from experiments.naming.pool import Pool
from experiments.reporter import Reporter
from experiments.rundir import write_json
from experiments.stopping import StopFlag
from oversight import RunError

__all__ = ["SHEET", "Named", "name_on_screens"]

SHEET = 12
"""Pairs that are shown together."""
CALM_SHEETS = 3
"""After so many sheets on end of which the spotter had known every answer, and with nothing in the
pool in doubt, there is nothing more to ask."""


@dataclass(frozen=True)
class Named:
    """What a person has said so far, and what was learned from it.

    Attributes:
        pairs: int64 (n,), numbers of the pairs that were shown, in order.
        bad: bool (n,), which of them are bad.
        seconds: of attention.
        surprises: of each sheet the number of answers that the spotter had not known; all of them
            before there was one.
        spotter: what was learned; None without answers of both kinds.
        left: the person left before the end.
    """

    pairs: NDArray[np.int64]
    bad: NDArray[np.bool_]
    seconds: float
    surprises: tuple[int, ...]
    spotter: Spotter | None
    left: bool = False


@dataclass(frozen=True)
class _Kept:
    """A sheet's answers; of one that was taken back or left the seconds alone."""

    pairs: tuple[int, ...]
    bad: tuple[bool, ...]
    seconds: float
    surprises: int


def name_on_screens(
    pool: Pool,
    namer: Namer,
    game: str,
    view: View,
    path: Path,
    *,
    seconds: float,
    seed: int,
    reporter: Reporter,
    stop: StopFlag,
) -> Named:
    """Ask until the time is spent, nothing is in doubt any more, or the person leaves.

    Args:
        pool: what can be shown.
        namer: whom to ask.
        game: by name.
        view: what a spotter looks at.
        path: JSON file of the answers, written after every sheet; what it has is not asked again.
        seconds: of attention in all.
        seed: of choices and trees.
        reporter: shows a bar.
        stop: asked before each sheet.

    Raises:
        RunError: the file holds something else.
    """
    kept = _read(path, len(pool))
    marks: NDArray[np.bool_] | None = None
    left = False
    with reporter.bar(f"{game}, seconds of attention", round(seconds)) as bar:
        while not stop():
            spotter = _learned(pool, kept, game, view, seed)
            shown = [pair for one in kept for pair in one.pairs]
            questions = Questions(pool.told, np.random.default_rng([seed, 37, len(shown)]))
            questions.shown(np.array(shown, dtype=np.int64))
            spent = sum(one.seconds for one in kept)
            if spent >= seconds or _calm(kept, questions, spotter):
                break
            pairs = questions.next(SHEET, spotter)
            if len(pairs) == 0:
                break
            marked = np.zeros(len(pairs), np.bool_) if marks is None or not len(marks) else marks
            answer = namer.answer(
                pool, Sheet(pairs, marked, 1 + len(shown) // SHEET, spent, seconds)
            )
            kept, marks = _after(kept, pool, pairs, answer, spotter)
            write_json(path, [vars(one) for one in kept])
            if left := answer.leave:
                break
            bar.show(round(min(spent + answer.seconds, seconds)), f"{len(kept)} sheets")
    return replace(_named(kept, _learned(pool, kept, game, view, seed)), left=left)


def _after(
    kept: list[_Kept],
    pool: Pool,
    pairs: NDArray[np.int64],
    answer: Answered,
    spotter: Spotter | None,
) -> tuple[list[_Kept], NDArray[np.bool_] | None]:
    """The answers with a new one; or, asked for the sheet before, without it and its marks.

    Seconds that were spent stay spent.
    """
    if answer.leave:
        return [*kept, _Kept((), (), answer.seconds, 0)], None
    if answer.back:
        *before, last = [one for one in kept if one.pairs] or [_Kept((), (), 0.0, 0)]
        spent = sum(one.seconds for one in kept) - sum(one.seconds for one in before)
        return [*before, _Kept((), (), spent + answer.seconds, 0)], np.array(
            last.bad, dtype=np.bool_
        )
    guessed = None if spotter is None else spotter.votes(pool.told[pairs]) >= 0.5
    surprises = len(pairs) if guessed is None else int((guessed != answer.bad).sum())
    new = _Kept(tuple(pairs.tolist()), tuple(answer.bad.tolist()), answer.seconds, surprises)
    return [*kept, new], None


def _calm(kept: list[_Kept], questions: Questions, spotter: Spotter | None) -> bool:
    """Whether there is nothing more to ask."""
    last = [one.surprises for one in kept if one.pairs][-CALM_SHEETS:]
    if spotter is None or len(last) < CALM_SHEETS or any(last):
        return False
    return questions.doubtful(spotter) == 0


def _learned(pool: Pool, kept: list[_Kept], game: str, view: View, seed: int) -> Spotter | None:
    named = _named(kept, None)
    if not named.bad.any() or named.bad.all():
        return None
    return fit_spotter(game, view, pool.told[named.pairs], named.bad, seed)


def _named(kept: list[_Kept], spotter: Spotter | None) -> Named:
    return Named(
        pairs=np.array([pair for one in kept for pair in one.pairs], dtype=np.int64),
        bad=np.array([bad for one in kept for bad in one.bad], dtype=np.bool_),
        seconds=sum(one.seconds for one in kept),
        surprises=tuple(one.surprises for one in kept if one.pairs),
        spotter=spotter,
    )


def _read(path: Path, pool: int) -> list[_Kept]:
    if not path.exists():
        return []
    try:
        kept = [
            _Kept(tuple(one["pairs"]), tuple(one["bad"]), one["seconds"], one["surprises"])
            for one in json.loads(path.read_text())
        ]
        sound = all(0 <= pair < pool for one in kept for pair in one.pairs)
        if not sound or any(len(one.pairs) != len(one.bad) for one in kept):
            raise ValueError("pairs that the pool does not have")
        return kept
    except (KeyError, TypeError, ValueError) as error:
        raise RunError(
            f"{path} does not hold answers to this pool: {error}; move it away"
        ) from None
