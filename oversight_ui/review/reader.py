"""The log behind a review: followed while a run writes it, and annotated at once."""

from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from oversight.errors import LogError
from oversight.game import Game
from oversight.games import GAMES
from oversight.log import UNKNOWN, UNSURE, Change, InterventionLog, LogAnnotator, LogMeta, StepTable
from oversight.log.tail import Amended, LogTail, News
from oversight.palette import to_rgb
from oversight.types import Verdict
from oversight_ui.review.agreement import Judge
from oversight_ui.review.recording import CODES, Opinion, Recording, Said

__all__ = ["ReviewLog", "game_in"]

AT_ONCE = 100_000
"""Decisions in one look: what reading them takes for a moment stays below 200 MB."""
NO_THRESHOLD = 0.5
"""Of a scorer that names none."""
SCREENS_KEPT = 64


class ReviewLog:
    """A log that is being reviewed. Belongs to the thread that made it."""

    def __init__(self, path: Path, author: str, *, read_only: bool = False) -> None:
        """Open it.

        Args:
            path: of the log.
            author: the reviewer's name, for the log.
            read_only: no label can be given.

        Raises:
            LogError: the log cannot be opened.
        """
        self.path = path
        self.author = author
        self._annotator = None if read_only else LogAnnotator.open(path)
        self._log = self._annotator or InterventionLog.open(path)
        self._tail = LogTail(path)
        self._screens: dict[int, NDArray[np.uint8] | None] = {}
        self._first = np.zeros(0, np.int8)
        self._steps: StepTable | None = None
        self._said: tuple[Said, ...] = ()
        self._waiting: tuple[Amended, ...] = ()
        self._opinions: dict[str, Opinion] = {}
        self._recording = Recording.empty()
        self.game = game_in(self._log.meta)

    @property
    def meta(self) -> LogMeta:
        """What the log says of itself."""
        return self._log.meta

    def close(self) -> None:
        """Let go of the file."""
        self._tail.close()
        self._log.close()

    # ----------------------------------------------------------------- reading

    def look(self) -> Recording | None:
        """The whole of it by now; None if nothing came since the last look."""
        news = self._tail.look(AT_ONCE)
        if news is None:
            return None
        scored = False
        while news is not None:
            self._take(news)
            scored |= news.scored
            last, news = news, self._tail.look(AT_ONCE)
        self._opinions = self._read_opinions() if scored else self._longer_opinions()
        self._recording = self._whole(last)
        return self._recording

    def whole(self) -> Recording:
        """The whole of it by now, whether anything came or not."""
        self.look()
        return self._recording

    def screen(self, recording: Recording, row: int) -> NDArray[np.uint8] | None:
        """The screen of a step as RGB, uint8 (h, w, 3); None if it was not kept.

        Raises:
            LogError: it cannot be read.
        """
        key = int(recording.steps.frame[row])
        if key == UNKNOWN:
            return None
        if key not in self._screens:
            if len(self._screens) >= SCREENS_KEPT:
                del self._screens[next(iter(self._screens))]
            self._screens[key] = _rgb_of(self._log.frames(np.array([key]))[0], self.meta)
        return self._screens[key]

    def labels_of(self, path: Path) -> Judge:
        """The labels of another copy of this log, relabelled by somebody else.

        Raises:
            LogError: it cannot be read, or holds another run.
        """
        other = ReviewLog(path, self.author, read_only=True)
        try:
            steps, same_game = other.whole().steps, other.meta.game == self.meta.game
        finally:
            other.close()
        mine = self.whole().steps
        if not same_game:
            raise LogError(f"{path}: expected a copy of {self.path}, it is of another game")
        _, here, there = np.intersect1d(mine.step_id, steps.step_id, return_indices=True)
        same = mine.episode[here] == steps.episode[there]
        same &= mine.proposed[here] == steps.proposed[there]
        if not len(here) or not same.all():
            raise LogError(f"{path}: expected a copy of {self.path}, its steps are others")
        verdict = np.full(len(mine), UNKNOWN, np.int8)
        verdict[here] = steps.verdict[there]
        return Judge(f"labels in {path.name}", np.where(verdict == UNSURE, UNKNOWN, verdict))

    def _take(self, news: News) -> None:
        steps = news.steps
        if self._steps is not None:
            columns = [column.name for column in fields(StepTable)]
            both = {
                name: np.concatenate([getattr(self._steps, name), getattr(steps, name)])
                for name in columns
            }
            steps = StepTable(**both)
        self._steps = steps
        self._first = np.concatenate([self._first, news.first_verdicts])
        self._hear((*self._waiting, *news.amendments))

    def _hear(self, words: tuple[Amended, ...]) -> None:
        """Find the rows of later words; those about decisions still to come wait."""
        assert self._steps is not None
        ids = self._steps.step_id
        heard, waiting = [], []
        for word in words:
            row = int(np.searchsorted(ids, word.step_id))
            if row < len(ids) and ids[row] == word.step_id:
                heard.append(_said(word, row))
            else:
                waiting.append(word)
        self._said = (*self._said, *heard)
        self._waiting = tuple(waiting)

    def _read_opinions(self) -> dict[str, Opinion]:
        assert self._steps is not None
        found: dict[str, Opinion] = {}
        for scorer in self._log.scorers():  # the newest of a name holds
            scores = self._log.scores(scorer)
            probability = np.full(len(self._steps), np.nan)
            _, here, there = np.intersect1d(
                self._steps.step_id, scores.step_id, assume_unique=True, return_indices=True
            )
            probability[here] = scores.probability[there]
            threshold = NO_THRESHOLD if scorer.threshold is None else scorer.threshold
            name = Path(scorer.name).name
            found[name] = Opinion(name, probability, threshold)
        return found

    def _longer_opinions(self) -> dict[str, Opinion]:
        """The same, for steps that came and that no scorer has looked at yet."""
        return {name: _longer(o, len(self._first)) for name, o in self._opinions.items()}

    def _whole(self, news: News) -> Recording:
        assert self._steps is not None
        verdict = self._first.copy()
        for word in self._said:
            verdict[word.row] = word.verdict
        steps = replace(self._steps, verdict=verdict)
        undone = np.array([s for each in news.rewinds for s in each.undoes], np.int64)
        redone = np.array([each.step_id for each in news.rewinds], np.int64)
        recording = Recording(
            steps=steps,
            first=self._first,
            undone=np.isin(steps.step_id, undone),
            events=news.events,
            said=self._said,
            opinions=self._opinions,
        )
        return replace(recording, redone=np.unique(recording.rows_of(redone)))

    # ----------------------------------------------------------------- writing

    def relabel(self, step_ids: tuple[int, ...], verdict: Verdict, reason: str) -> Change:
        """Set the verdict of steps; on disk when this returns.

        Raises:
            LogError: it cannot be written, or was opened only to be read.
        """
        return self._writable().relabel(step_ids, verdict, by=self.author, reason=reason)

    def take_back(self, change: int, reason: str) -> Change:
        """Undo a change, by rows of its own; on disk when this returns.

        Raises:
            LogError: as above.
        """
        return self._writable().take_back(change, by=self.author, reason=reason)

    def _writable(self) -> LogAnnotator:
        if self._annotator is None:
            raise LogError(f"{self.path} is open to be read only: leave out --read-only to label")
        return self._annotator


def game_in(meta: LogMeta) -> Game:
    """The game of a log; one without zone and arrows of its own if this program has none such."""
    known = GAMES.get(meta.game)
    if known is not None and known.actions == meta.actions:
        return known
    return Game(
        name=meta.game,
        title=meta.game,
        rom="",
        actions=meta.actions,
        frameskip=1,
        catastrophe=meta.catastrophe,
        instruction="",
        safe_twin=tuple(range(len(meta.actions))),
        toward_harm=0,
    )


def _rgb_of(screen: NDArray[np.generic], meta: LogMeta) -> NDArray[np.uint8] | None:
    """Atari's palette in its colours, any other picture as it is or in grey; else None."""
    if screen.dtype != np.uint8 or screen.ndim not in (2, 3):
        return None
    pixels = screen.astype(np.uint8)
    if pixels.ndim == 3:
        return pixels if pixels.shape[2] == 3 else None
    known = GAMES.get(meta.game)
    if known is not None and known.rom:
        return to_rgb(pixels)
    return np.repeat(pixels[:, :, None], 3, axis=2)


def _said(word: Amended, row: int) -> Said:
    return Said(
        number=word.amendment,
        row=row,
        verdict=CODES[word.verdict],
        author=word.name or word.author.value,
        reason=word.reason,
        at=word.at,
        change=word.change,
        takes_back=word.takes_back,
    )


def _longer(opinion: Opinion, length: int) -> Opinion:
    more = np.full(length - len(opinion.probability), np.nan)
    return replace(opinion, probability=np.concatenate([opinion.probability, more]))
