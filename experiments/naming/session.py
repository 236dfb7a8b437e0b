"""Sheet by sheet: show screens, learn from the answers, show what is in doubt; all of it kept."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from blocker.naming import EVEN, Questions, Spotter, View, fit_spotter
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
    """A sheet's answers."""

    pairs: tuple[int, ...]
    bad: tuple[bool, ...]
    seconds: float
    surprises: int


@dataclass
class _Answers:
    """All sheets that were answered, and the one that is shown.

    Attributes:
        sheets: in order.
        seconds_besides: on sheets that were left without an answer.
        at: which sheet is shown; the number of sheets for a new one.
        waiting: pairs and marks of the new sheet, while an earlier one is shown again.
    """

    sheets: list[_Kept]
    seconds_besides: float = 0.0
    at: int = field(default=0, init=False)
    waiting: tuple[NDArray[np.int64], NDArray[np.bool_]] | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        self.at = len(self.sheets)

    @property
    def seconds(self) -> float:
        """Of attention, on all of them."""
        return self.seconds_besides + sum(one.seconds for one in self.sheets)

    @property
    def new(self) -> bool:
        """Whether the sheet that is shown has not been answered yet."""
        return self.at == len(self.sheets)

    def pairs(self) -> NDArray[np.int64]:
        """Of all sheets: int64 (n,)."""
        return np.array([pair for one in self.sheets for pair in one.pairs], dtype=np.int64)

    def bad(self) -> NDArray[np.bool_]:
        """Answers to all of them: bool (n,)."""
        return np.array([bad for one in self.sheets for bad in one.bad], dtype=np.bool_)

    def answer(self, pairs: NDArray[np.int64], answer: Answered, surprises: int) -> None:
        """Take an answer: the next sheet is shown then, or the one before if that is wanted."""
        if answer.leave:
            self.seconds_besides += answer.seconds
        elif self.new and not answer.back:
            bad = tuple(answer.bad.tolist())
            self.sheets.append(_Kept(tuple(pairs.tolist()), bad, answer.seconds, surprises))
            self.waiting = None
            self.at += 1
        elif self.new:
            self.seconds_besides += answer.seconds
            self.waiting = (pairs, answer.bad)
            self.at = max(self.at - 1, 0)
        else:  # shown again: what is marked now counts, wherever the person goes from here
            before = self.sheets[self.at]
            self.sheets[self.at] = replace(
                before, bad=tuple(answer.bad.tolist()), seconds=before.seconds + answer.seconds
            )
            self.at = max(self.at - 1, 0) if answer.back else self.at + 1


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
        seconds: of attention in all. A sheet that is shown again may be answered when they are
            spent.
        seed: of choices and trees.
        reporter: shows a bar.
        stop: asked before each sheet.

    Raises:
        RunError: the file holds something else.
    """
    answers, left = _read(path, len(pool)), False
    questions = Questions(pool.told)
    questions.shown(answers.pairs())
    spotter = _learned(pool, answers, game, view, seed)
    with reporter.bar(f"{game}, seconds of attention", round(seconds)) as bar:
        while not (stop() or left or _over(answers, questions, spotter, seconds)):
            pairs, marks = _shown(answers, questions, spotter, seed)
            if len(pairs) == 0:
                break
            answer = namer.answer(
                pool, Sheet(pairs, marks, answers.at + 1, answers.seconds, seconds)
            )
            answers.answer(pairs, answer, _surprises(pool, pairs, answer, spotter))
            write_json(path, {"sheets": list(map(asdict, answers.sheets))} | _besides(answers))
            left = answer.leave
            spotter = _learned(pool, answers, game, view, seed)
            bar.show(round(min(answers.seconds, seconds)), f"{len(answers.sheets)} sheets")
    return Named(
        pairs=answers.pairs(),
        bad=answers.bad(),
        seconds=answers.seconds,
        surprises=tuple(one.surprises for one in answers.sheets),
        spotter=spotter,
        left=left,
    )


def _besides(answers: _Answers) -> dict[str, object]:
    return {"seconds_besides": answers.seconds_besides}


def _shown(
    answers: _Answers, questions: Questions, spotter: Spotter | None, seed: int
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Pairs and marks of the sheet that is to be shown."""
    if not answers.new:
        kept = answers.sheets[answers.at]
        return np.array(kept.pairs, dtype=np.int64), np.array(kept.bad, dtype=np.bool_)
    if answers.waiting is not None:
        return answers.waiting
    # Seeded by the sheet: a session that goes on asks what one without a break would ask.
    rng = np.random.default_rng([seed, 37, len(answers.sheets)])
    pairs = questions.next(SHEET, spotter, rng)
    return pairs, np.zeros(len(pairs), np.bool_)


def _surprises(
    pool: Pool, pairs: NDArray[np.int64], answer: Answered, spotter: Spotter | None
) -> int:
    if spotter is None:
        return len(pairs)
    return int(((spotter.votes(pool.told[pairs]) >= EVEN) != answer.bad).sum())


def _over(answers: _Answers, questions: Questions, spotter: Spotter | None, seconds: float) -> bool:
    """Whether the time is spent, or there is nothing more to ask."""
    if not answers.new:
        return False
    if answers.seconds >= seconds:
        return True
    last = [one.surprises for one in answers.sheets][-CALM_SHEETS:]
    known = len(last) == CALM_SHEETS and not any(last) and answers.waiting is None
    return known and spotter is not None and questions.doubtful(spotter) == 0


def _learned(pool: Pool, answers: _Answers, game: str, view: View, seed: int) -> Spotter | None:
    pairs, bad = answers.pairs(), answers.bad()
    if not bad.any() or bad.all():
        return None
    return fit_spotter(game, view, pool.told[pairs], bad, seed)


def _read(path: Path, pool: int) -> _Answers:
    if not path.exists():
        return _Answers([])
    try:
        found = json.loads(path.read_text())
        sheets = [
            _Kept(
                tuple(int(pair) for pair in one["pairs"]),
                tuple(bool(bad) for bad in one["bad"]),
                float(one["seconds"]),
                int(one["surprises"]),
            )
            for one in found["sheets"]
        ]
        sound = all(0 <= pair < pool for one in sheets for pair in one.pairs)
        if not sound or any(len(one.pairs) != len(one.bad) for one in sheets):
            raise ValueError("pairs that the pool does not have")
        return _Answers(sheets, float(found["seconds_besides"]))
    except (KeyError, TypeError, ValueError) as error:
        raise RunError(
            f"{path} does not hold answers to this pool: {error}; move it away"
        ) from None
