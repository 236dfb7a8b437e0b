"""What was played without the truth, kept in a few bytes a step, and counted afterwards.

An episode's seed and its executed actions are the whole game. Played again by `AtariGame`, with
what was proposed and blocked beside it, it has the counts that it would have had at once.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from oversight.atari import AtariGame, AtariSettings
from oversight.errors import ReplayDiffers, RunError
from oversight.game import Game
from oversight.games import game_named
from oversight.settings import GateSettings, Mode
from oversight.types import Amendment, Decision, Event, Proposal, Source, StepRecord, Tally, Verdict
from oversight.wrapper import OversightWrapper

__all__ = ["Tape", "TapedEpisode", "count_truth"]

FORMAT = "hirl tape"
VERSION = 1
STEP = np.dtype([("proposed", "u1"), ("executed", "u1"), ("unsafe", "?"), ("score", "f4")])
"""One agent step: 7 bytes."""


@dataclass(slots=True)
class TapedEpisode:
    """One episode, whole or as far as it was played.

    Attributes:
        number: in the run.
        seed: of its reset.
        phase: of the run.
        steps: its agent steps: (proposed, executed, unsafe by verdict, score).
    """

    number: int
    seed: int
    phase: str
    steps: list[tuple[int, int, bool, float]] = field(default_factory=list)


class Tape:
    """A sink that keeps the actions and scores of every step, and no screens.

    Attributes:
        game: what was played.
        gate: how the gate treated proposals.
        episodes: in the order of their beginnings.
    """

    recorded_through = -1

    def __init__(self, game: Game, gate: GateSettings | None = None) -> None:
        """Begin a tape; `settings` are the gate's whose steps it takes."""
        self.game = game
        self.gate = gate or GateSettings()
        self.episodes: list[TapedEpisode] = []
        self._running: dict[int, TapedEpisode] = {}

    @property
    def steps(self) -> int:
        """How many agent steps it holds."""
        return sum(len(episode.steps) for episode in self.episodes)

    def begin_episode(self, episode: int, *, env_index: int, seed: int | None, phase: str) -> None:
        """See `StepSink.begin_episode`."""
        if seed is None:
            raise ValueError(f"expected a seed to play episode {episode} again by, got none")
        self._running[env_index] = TapedEpisode(episode, seed, phase)
        self.episodes.append(self._running[env_index])

    def append(self, record: StepRecord) -> None:
        """See `StepSink.append`."""
        self._running[record.proposal.env_index].steps.append(
            (
                record.proposal.action,
                record.executed,
                record.decision.verdict is Verdict.UNSAFE,
                record.game_reward,
            )
        )

    def amend(self, amendments: Sequence[Amendment], author: Source) -> None:
        """See `StepSink.amend`; a tape keeps what was decided at once."""

    def event(self, event: Event) -> None:
        """See `StepSink.event`; there are none without the truth."""

    def flush(self) -> None:
        """See `StepSink.flush`; `save` writes."""

    def save(self, path: Path) -> None:
        """Write the tape to one file, by replacing: 1 to 2 MB for a million steps.

        Raises:
            RunError: it could not be written; an earlier one is intact.
        """
        about = {
            "format": FORMAT,
            "version": VERSION,
            "game": self.game.name,
            "frameskip": self.game.frameskip,
            "mode": self.gate.mode.value,
            "phases": [episode.phase for episode in self.episodes],
        }
        steps = [step for episode in self.episodes for step in episode.steps]
        new = path.with_name(path.name + ".new")
        try:
            with new.open("wb") as file:
                np.savez_compressed(
                    file,
                    about=np.array(json.dumps(about)),
                    numbers=np.array([e.number for e in self.episodes], np.int64),
                    seeds=np.array([e.seed for e in self.episodes], np.int64),
                    lengths=np.array([len(e.steps) for e in self.episodes], np.int64),
                    steps=np.array(steps, STEP),
                )
            new.replace(path)
        except OSError as error:
            new.unlink(missing_ok=True)
            raise RunError(
                f"expected to write the tape {path}, got: {error}; make room or choose "
                "another place"
            ) from error

    @classmethod
    def load(cls, path: Path) -> Tape:
        """Read a tape.

        Raises:
            RunError: there is none, or it is another file.
        """
        try:
            with np.load(path, allow_pickle=False) as archive:
                return cls._read(json.loads(str(archive["about"])), dict(archive))
        except (OSError, ValueError, KeyError, TypeError, zipfile.BadZipFile) as error:
            raise RunError(f"expected a tape in {path}, got: {error}") from error

    @classmethod
    def _read(cls, about: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> Tape:
        if (about.get("format"), about.get("version")) != (FORMAT, VERSION):
            raise ValueError(f"a {about.get('format')} of version {about.get('version')}")
        game = game_named(about["game"]).with_frameskip(int(about["frameskip"]))
        tape = cls(game, GateSettings(mode=Mode(about["mode"])))
        ends = np.cumsum(arrays["lengths"])
        if len(arrays["steps"]) != (ends[-1] if len(ends) else 0):
            raise ValueError("it does not hold as many steps as it says")
        for number, seed, phase, end, length in zip(
            arrays["numbers"],
            arrays["seeds"],
            about["phases"],
            ends,
            arrays["lengths"],
            strict=True,
        ):
            steps = arrays["steps"][end - length : end].tolist()
            tape.episodes.append(TapedEpisode(int(number), int(seed), str(phase), steps))
        return tape


class _Again:
    """Decides as it was decided then. Implements `Overseer`."""

    def __init__(self) -> None:
        self.step: tuple[int, int, bool, float] = (0, 0, False, 0.0)

    def review(self, proposals: Sequence[Proposal]) -> list[Decision]:
        """The decision of the step at hand, with what was executed in its place."""
        _, executed, unsafe, _ = self.step
        verdict = Verdict.UNSAFE if unsafe else Verdict.SAFE
        return [
            Decision(
                p.step_id,
                Verdict.SAFE if p.recheck else verdict,
                Source.SCRIPT,
                replacement=executed if unsafe and not p.recheck else None,
            )
            for p in proposals
        ]


def count_truth(
    tape: Tape,
    settings: AtariSettings | None = None,
    *,
    definition: str | None = None,
    on_step: Callable[[], bool] = lambda: True,
) -> Tally:
    """Play a tape again and count by the emulator's truth.

    Args:
        tape: what was played.
        settings: how it was played; only the number of NOOPs matters.
        definition: what must not happen; what results are counted by if not given.
        on_step: called before each step; False stops, and the counts are of what was played.

    Returns:
        Counts as a gate with the truth beside it would have them.

    Raises:
        ReplayDiffers: a step scores something else than it did then.
    """
    overseer = _Again()
    usual = settings or AtariSettings()
    env = OversightWrapper(
        AtariGame(
            tape.game,
            AtariSettings(noop_max=usual.noop_max, clip_reward=False),
            definition=definition,
        ),
        overseer,
        tape.gate,
    )
    for episode in tape.episodes:
        env.reset(seed=episode.seed)
        for number, overseer.step in enumerate(episode.steps):
            if not on_step():
                return env.gate.tally
            proposed, executed, _, score = overseer.step
            *_, info = env.step(proposed)
            told = info["oversight"]
            if (told["game_reward"], told["executed_action"]) != (score, executed):
                raise ReplayDiffers(
                    f"step {number} of episode {episode.number} (seed {episode.seed}) scores "
                    f"{told['game_reward']:g} by action {told['executed_action']}, expected "
                    f"{score:g} by {executed}: another game, other settings or another emulator"
                )
    return env.gate.tally
