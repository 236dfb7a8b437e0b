"""Who oversees: a person at the window, the simulated person, or the truth itself."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from experiments.apprentice import Apprentice
from experiments.reporter import Reporter
from experiments.rundir import RunDirectory
from experiments.settings import OverseerChoice, RunSettings
from experiments.stopping import StopFlag
from oversight import (
    AtariGame,
    Game,
    InterventionLog,
    OracleOverseer,
    Overseer,
    OverseerGone,
    RunError,
    SimulatedHuman,
    Source,
    game_named,
    to_rgb,
)
from oversight.advice import Advised
from oversight.ahead import next_second
from oversight.simulated import MODELS
from oversight_ui import (
    HumanOverseer,
    Keys,
    LinkServer,
    Looks,
    Spectator,
    await_window,
    display_problem,
    open_window,
)
from oversight_ui.messages import Pixels, Status
from oversight_ui.threats import threat_zones

__all__ = ["Seat", "take_seat"]

SIMULATED_NOTE = (
    "[bold]A simulated person oversees[/bold] (the game's rule for people, from the emulator, with "
    "reaction time, lapses and false alarms): all human minutes below are a model's."
)


@dataclass
class Seat:
    """The overseer's seat: who sits in it, and the window beside it if there is one.

    Attributes:
        choice: who oversees, decided: never `AUTO`.
        seed: of the simulated person.
        game: name of the game.
        person: which simulated person, if one sits there.
        server: the run's end of the link to the window.
        human: the person, if one sits there.
        nobody: a window is open, but nobody pressed a key.
        apprentice: the Blocker that learns while a person oversees, if one does.
    """

    choice: OverseerChoice
    seed: int
    game: str
    person: str = "typical"
    server: LinkServer | None = None
    human: HumanOverseer | None = None
    nobody: bool = False
    apprentice: Apprentice | None = None

    @property
    def label(self) -> str:
        """Who oversees, for titles and the summary."""
        return self.choice.label

    def overseer(self, env: AtariGame) -> Overseer:
        """The overseer of the first phase, bound to the truth of `env` if it is not a person."""
        if self.human is not None:
            return self._person(self.human, env)
        if self.choice is OverseerChoice.ORACLE:
            return self.watched(OracleOverseer([env.truth]), "THE EMULATOR'S TRUTH oversees")
        rng = np.random.default_rng([self.seed, 2])
        banner = "SIMULATED PERSON oversees"
        if self.nobody:
            banner += ": nobody pressed a key"
        human = SimulatedHuman([env.rule], rng, MODELS[self.person], safe_twin=env.safe_twin)
        return self.watched(human, banner)

    def _person(self, human: HumanOverseer, env: AtariGame) -> Overseer:
        """The person, with a look ahead and, if one is in training, a Blocker's opinion."""
        apprentice = self.apprentice
        human.looks = Looks(
            preview=lambda _proposal, actions: next_second(env, actions),
            heat=None if apprentice is None else apprentice.heat,
            standing=str if apprentice is None else apprentice.standing,
        )
        return human if apprentice is None else Advised(human, apprentice.hint)

    def watched(self, overseer: Overseer, banner: str, phase: str = "oversight") -> Overseer:
        """An overseer whose decisions are shown in the window, if there is one."""
        if self.server is None:
            return overseer
        return Spectator(overseer, self.server, to_rgb=to_rgb, banner=banner, phase=phase)

    def teach(self, run: RunDirectory) -> None:
        """Let a Blocker learn beside the run if a person sits here and one is wanted."""
        if self.human is not None and run.settings().apprentice:
            game = game_named(self.game)
            self.apprentice = Apprentice(game, run.log, run.path / "apprentice.safetensors")

    def close(self) -> None:
        """End what the seat has started beside the run."""
        if self.apprentice is not None:
            self.apprentice.close()

    def keep_alive(self, doing: str) -> None:
        """Tell the window that the run is at work and hear whether it is still there."""
        if self.server is None:
            return
        while self.server.receive(0.0) is not None:
            pass
        self.server.send(Status(phase=doing, banner=doing.upper(), spectating=True))

    def hand_in(self, log: InterventionLog) -> None:
        """Put into the log what the person took back after the last decision."""
        if self.human is not None:
            log.amend(self.human.take_late_amendments(), Source.PERSON)


@contextmanager
def take_seat(settings: RunSettings, reporter: Reporter, stop: StopFlag) -> Iterator[Seat]:
    """Decide who oversees, open the window for a person, and end it afterwards.

    Raises:
        LinkError: a person was asked for, and the window cannot be opened.
    """
    choice = settings.overseer
    if choice is OverseerChoice.AUTO:
        problem = None if settings.listen else display_problem(os.environ)
        choice = OverseerChoice.SIMULATED if problem else OverseerChoice.PERSON
        if problem:
            reporter.say(f"No window: {problem}")
    if choice is not OverseerChoice.PERSON:
        if choice is OverseerChoice.SIMULATED:
            reporter.say(SIMULATED_NOTE)
        yield Seat(choice, settings.seed, settings.game, settings.person)
        return
    with _window(settings, reporter, stop) as (server, human):
        reporter.say("The window is open: read the start screen and press a key in it.")
        seat = Seat(choice, settings.seed, settings.game, settings.person, server, human)
        if not _somebody(human, settings.start_seconds):
            if not stop():
                why = "Nobody pressed a key. " if server.connected else "The window was closed. "
                reporter.say(why + SIMULATED_NOTE)
            seat = Seat(
                OverseerChoice.SIMULATED,
                settings.seed,
                settings.game,
                settings.person,
                server,
                nobody=True,
            )
        yield seat


def _somebody(human: HumanOverseer, seconds: float) -> bool:
    try:
        return human.wait_for_person(seconds)
    except OverseerGone:
        return False


@contextmanager
def _window(
    settings: RunSettings, reporter: Reporter, stop: Callable[[], bool]
) -> Iterator[tuple[LinkServer, HumanOverseer]]:
    game = game_named(settings.game)
    with _served(settings, game, reporter, stop) as server:
        yield (
            server,
            HumanOverseer(
                server,
                game,
                to_rgb=to_rgb,
                patience=settings.window_patience,
                on_waiting=lambda line: reporter.say(_to_open_again(line, server)),
                should_stop=stop,
            ),
        )


def _served(
    settings: RunSettings, game: Game, reporter: Reporter, stop: Callable[[], bool]
) -> AbstractContextManager[LinkServer]:
    """The run's end of the link: a window of its own, or one on another machine."""
    opening = _opening(game)
    if settings.listen is None:
        options = ("--pace", str(settings.pace))
        return open_window(game, options=options, opening=opening)
    if settings.listen_key is None:
        raise RunError("expected --listen-key with --listen: whoever can connect can approve")
    keys = Keys.read(Path(settings.listen_key), "run")
    reporter.say(f"Waiting for a window at {settings.listen}; on the other machine:")
    reporter.say("  python -m oversight_ui connect --address HOST:PORT --key window.key")
    return await_window(game, settings.listen, keys, alive=lambda: not stop(), opening=opening)


def _opening(game: Game) -> Pixels:
    """The game's screen two seconds into it, or once its threats are there, to explain the task."""
    env = AtariGame(game)
    env.reset(seed=0)
    pixels = Pixels.of(to_rgb(env.screen()))
    for _ in range(120 // game.frameskip):
        env.step(game.safe_twin[0])
        pixels = Pixels.of(to_rgb(env.screen()))
        if game.threats is not None and threat_zones(pixels, game.threats):
            break
    return pixels


def _to_open_again(line: str, server: LinkServer) -> str:
    return (
        f"The run waits: {line}. Open the window again with:\n"
        f"  {sys.executable} -m oversight_ui connect --directory {server.directory}"
    )
