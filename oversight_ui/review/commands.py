"""Commands: `python -m oversight_ui review | clip | agreement`."""

from __future__ import annotations

import getpass
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np
import tyro
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from oversight.errors import OversightError
from oversight.terminal import open_console
from oversight_ui.preferences import read_preferences
from oversight_ui.review.agreement import Agreement, agree, judges_of

__all__ = ["AgreementOf", "Clip", "Review"]

BOOTSTRAP_SEED = 0


def _me() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "reviewer"


@dataclass(frozen=True)
class Review:
    """Look through a log like a video: play, jump, relabel, compare. Follows a running run.

    Every label is in the log as soon as you give it. F1 in the window shows the keys.
    """

    log: tyro.conf.Positional[Path]
    """The log file, such as runs/first/log.sqlite; a run may be writing it."""
    author: str = field(default_factory=_me)
    """Your name, as it goes into the log with each of your labels."""
    against: Path | None = None
    """Another copy of the same log, labelled by somebody else, to be compared with."""
    step: int | None = None
    """Number of the step to begin at; the first if not given."""
    blind: bool = False
    """Hide labels and scores, to judge for yourself; H shows them."""
    read_only: bool = False
    """Look only; no label can be given."""
    text: Literal["100", "125", "150"] = "100"
    """Size of the words, percent."""
    settings: Path | None = None
    """Settings file with [review_keys]; ~/.config/hirl/window.toml, if there is one, otherwise."""
    width: int = 1280
    """Width of the window at the start, pixels."""
    height: int = 720
    """Height of the window at the start, pixels."""

    def run(self) -> None:
        """Open the log, then the display, and work until the window is closed."""
        # First: it says what pygame is to read while it is imported.
        from oversight_ui.window import open_display  # isort: skip
        from oversight_ui.review.reader import ReviewLog
        from oversight_ui.review.window import Options, ReviewWindow

        if not self.author.strip():
            raise OversightError("expected a name after --author, got none")
        keys = read_preferences(self.settings).review_keys
        log = ReviewLog(self.log, self.author, read_only=self.read_only)
        try:
            other = None if self.against is None else log.labels_of(self.against)
            open_display(self.width, self.height, "hirl: review")
            options = Options(int(self.text) / 100, self.blind, self.step, keys)
            ReviewWindow(log, options, other).run()
        finally:
            log.close()


@dataclass(frozen=True)
class Clip:
    """Cut a clip out of a log, with labels, actions and scores beside the game."""

    log: tyro.conf.Positional[Path]
    """The log file, such as runs/first/log.sqlite."""
    out: tyro.conf.Positional[Path]
    """The clip, such as block.mp4 or block.gif."""
    steps: tuple[int, int] = (0, 150)
    """Numbers of the first and the last step, inclusive."""
    rate: float = 12.0
    """Agent steps a second; blocked ones stay four times as long."""
    scorer: str | None = None
    """Whose scores are shown; the first there is if not given."""
    truth: bool = False
    """Show the emulator's truth, too."""

    def run(self) -> None:
        """Draw and write it."""
        from oversight_ui.review.clip import write_clip
        from oversight_ui.review.film import clip_frames
        from oversight_ui.review.reader import ReviewLog
        from oversight_ui.review.tape import Choice, make_tape

        if not 0.0 < self.rate <= 240.0:
            raise OversightError(f"expected a rate above 0, at most 240, got {self.rate:g}")
        log = ReviewLog(self.log, "", read_only=True)
        try:
            recording = log.whole()
            ids = recording.steps.step_id
            first = int(np.searchsorted(ids, self.steps[0]))
            last = int(np.searchsorted(ids, self.steps[1], side="right")) - 1
            if not 0 <= first <= last:
                held = f"it holds {ids[0]:,} to {ids[-1]:,}" if len(ids) else "it holds none"
                raise OversightError(f"no steps {self.steps[0]} to {self.steps[1]}: {held}")
            tape = make_tape(recording, Choice("", self.scorer))
            if self.scorer is not None and self.scorer not in tape.scorers:
                known = ", ".join(tape.scorers) or "none"
                raise OversightError(f"no scores of {self.scorer!r}: the log has {known}")
            frames = clip_frames(log, tape, first, last, truth=self.truth)
            with Progress(console=Console(stderr=True), transient=True) as bar:
                steps = bar.track(frames, description="cutting", total=None)
                count = write_clip(self.out, steps, self.rate)
        finally:
            log.close()
        print(f"{self.out}: {last - first + 1:,} steps, {count / self.rate:.1f} s")


@dataclass(frozen=True)
class AgreementOf:
    """How far those who judged a log agree: Cohen's kappa of each with the labels as they stand."""

    log: tyro.conf.Positional[Path]
    """The log file, such as runs/first/log.sqlite."""
    against: Path | None = None
    """Another copy of the same log, labelled by somebody else."""
    every: bool = False
    """Compare everybody with everybody."""

    def run(self) -> None:
        """Print a table."""
        from oversight_ui.review.reader import ReviewLog

        log = ReviewLog(self.log, "", read_only=True)
        try:
            recording = log.whole()
            other = None if self.against is None else log.labels_of(self.against)
        finally:
            log.close()
        judges = judges_of(recording, other)
        rng = np.random.default_rng(BOOTSTRAP_SEED)
        pairs = [
            agree(first, second, recording.steps.episode, rng)
            for number, first in enumerate(judges)
            for second in judges[number + 1 :]
            if self.every or number == 0
        ]
        open_console().print(_table([pair for pair in pairs if pair.steps]))


def _table(pairs: list[Agreement]) -> Table:
    table = Table(title="agreement on the steps that both judged", title_justify="left")
    table.caption = "Unsafe: for both, for the first alone, for the second alone."
    table.add_column("overseers")
    for name in ("steps", "unsafe", "agree", "kappa", "95 %"):
        table.add_column(name, justify="right", no_wrap=True)
    for pair in pairs:
        _, second, first, both = pair.counts
        kappa = "-" if pair.kappa is None else f"{pair.kappa:.3f}"
        spread = "-"
        if pair.low is not None and pair.high is not None:
            spread = f"{pair.low:.2f} to {pair.high:.2f}"
        share = "-" if pair.share is None else f"{pair.share:.2%}"
        counts = f"{both:,} {first:,} {second:,}"
        names = f"{pair.first}\n{pair.second}"
        table.add_row(names, f"{pair.steps:,}", counts, share, kappa, spread, end_section=True)
    return table
