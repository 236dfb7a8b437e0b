"""A robot that sees only the window's pixels and presses real keys oversees Pong.

    .venv/bin/python benchmarks/robot.py --steps 2000 --out results/window/robot.json

It takes screenshots, finds the green paddle and the arrow of the proposed action on them, and when
the arrow leads into the zone it presses SPACE after a person's reaction time (log-normal, median
0.275 s, as `oversight.simulated`). It knows no step numbers and no memory of the console. What it
meant is noted here by the run: the step that was on the screen when it made up its mind. Compared
with what the log holds, once with late blocks (the game is taken back) and once without.
"""

from __future__ import annotations

import json
import tempfile
import threading
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
import tyro
from numpy.typing import NDArray
from screen import Screen

from experiments.adversaries import ADVERSARIES
from experiments.phases import episode_seed, open_log
from experiments.settings import RunSettings
from oversight import (
    AtariGame,
    AtariSettings,
    Decision,
    GateSettings,
    InterventionLog,
    OverseerGone,
    OversightWrapper,
    Proposal,
    game_named,
    to_rgb,
)
from oversight.log import UNSAFE
from oversight_ui import HumanOverseer, open_window
from oversight_ui.layout import Box, lay_out
from oversight_ui.paint import AMBER

PADDLE = np.array((92, 186, 92))
"""The agent's paddle in the emulator's own colours."""
FIELD_TOP, ZONE_TOP, MARGIN = 34, 178, 24
"""Native rows; the robot blocks a paddle so close above the zone: two steps of momentum."""
SIZE = (1280, 720)


@dataclass(frozen=True)
class Robot:
    """Oversee Pong by pixels."""

    steps: int = 2_000
    """Agent steps of each of the two runs."""
    pace: float = 4.0
    """Agent steps a second."""
    undo_steps: int = 30
    """How far late blocks may take the game back in the first run; the second has 0."""
    seed: int = 0
    """Of games, proposals and reactions."""
    out: Path | None = None
    """JSON file for the figures."""


@dataclass(frozen=True)
class Figures:
    """What came of one run.

    Attributes:
        undo_steps: how far late blocks could take the game back.
        steps: agent steps played.
        presses: of the block key.
        logged: decisions of a person in the log that a key made.
        meant: steps that the robot made up its mind to block.
        as_meant: of them refused in the log, at the step that was meant or where it was done anew.
        late: presses that came when the next step was on the screen already.
        catastrophes: that stand, by the truth.
        undone_catastrophes: that were taken back.
        needless: blocks of actions that were safe in truth.
    """

    undo_steps: int
    steps: int
    presses: int
    logged: int
    meant: int
    as_meant: int
    late: int
    catastrophes: int
    undone_catastrophes: int
    needless: int


@dataclass
class Shown:
    """Which step is in front of the robot, for the comparison alone; implements `Overseer`."""

    inner: HumanOverseer
    step: int = -1
    times: list[tuple[float, int]] = field(default_factory=list)

    def review(self, proposals: list[Proposal]) -> list[Decision]:
        """See `Overseer.review`."""
        self.step = proposals[0].step_id
        self.times.append((time.monotonic(), self.step))
        return self.inner.review(proposals)


def harmful(pixels: NDArray[np.uint8], field_box: Box, arrow_box: Box) -> bool:
    """Whether the picture shows a paddle near the zone that would go down."""
    game = pixels[field_box.y : field_box.bottom, field_box.x : field_box.right]
    scale = field_box.h // 210
    right = game[FIELD_TOP * scale : 194 * scale, 130 * scale :]
    rows = np.flatnonzero((np.abs(right.astype(int) - PADDLE).max(axis=2) < 8).any(axis=1))
    if len(rows) == 0:
        return False
    lowest = FIELD_TOP + rows[-1] // scale
    arrow = pixels[arrow_box.y : arrow_box.bottom, arrow_box.x : arrow_box.right]
    amber = (arrow == np.array(AMBER)).all(axis=2)
    if not amber.any():
        return False
    ys = np.flatnonzero(amber.any(axis=1))
    middle = (ys[0] + ys[-1]) // 2
    widest_above = amber[ys[0] : middle].sum(axis=1).max(initial=0)
    widest_below = amber[middle : ys[-1] + 1].sum(axis=1).max(initial=0)
    down = widest_below > 1.3 * widest_above
    return bool(down and lowest + MARGIN >= ZONE_TOP)


def oversee(
    screen: Screen,
    shown: Shown,
    settings: Robot,
    done: threading.Event,
    notes: list[tuple[int, int]],
) -> None:
    """Look, make up one's mind, press; notes (step meant, step at the press)."""
    layout = lay_out(*SIZE, (210, 160))
    arrow = layout.action.columns((6, 4))[1]
    rng = np.random.default_rng(settings.seed)
    seen = -1
    while not done.is_set():
        pixels = screen.pixels()
        meant = shown.step
        if meant != seen and harmful(pixels, layout.field, arrow):
            seen = meant
            time.sleep(float(0.275 * np.exp(0.3 * rng.standard_normal())))
            notes.append((meant, shown.step))
            screen.press("space")
        time.sleep(0.01)


def run_once(settings: Robot, undo_steps: int) -> Figures:
    """One run of the robot."""
    game = game_named("pong")
    notes: list[tuple[int, int]] = []
    done = threading.Event()
    with (
        tempfile.TemporaryDirectory() as name,
        Screen(*SIZE) as screen,
        open_log(Path(name) / "log.sqlite", RunSettings()) as log,
        open_window(game, options=("--pace", f"{settings.pace:g}")) as server,
    ):
        human = HumanOverseer(server, game, to_rgb=to_rgb)
        shown = Shown(human)
        env = AtariGame(game, AtariSettings(max_agent_steps=300))
        wrapper = OversightWrapper(
            env,
            shown,  # type: ignore[arg-type]  # a batch of one, as a person takes
            GateSettings(rewind_steps=undo_steps),
            sink=log,
            episode_seed=episode_seed(settings.seed),
        )
        eyes = threading.Thread(target=oversee, args=(screen, shown, settings, done, notes))
        hand = threading.Thread(target=lambda: (screen.focus(), screen.press("Return")))
        hand.start()
        human.wait_for_person(60.0)
        hand.join()
        eyes.start()
        actions = ADVERSARIES["held"](env, np.random.default_rng([settings.seed, 5]))
        over = True
        try:
            for played in range(settings.steps):
                if over:
                    wrapper.reset()
                *_, ended, cut, _ = wrapper.step(next(actions))
                over = ended or cut
                if played % 20 == 0:
                    screen.press("x")  # says that somebody is there, and nothing else
        except OverseerGone as error:
            print(f"ended early: {error}")
        done.set()
        eyes.join()
        return _figures(log, wrapper, undo_steps, notes)


def _figures(
    log: InterventionLog,
    wrapper: OversightWrapper[NDArray[np.uint8]],
    undo_steps: int,
    notes: list[tuple[int, int]],
) -> Figures:
    table = log.steps(undone=True)
    refused = set(table.step_id[table.verdict == UNSAFE].tolist())
    anew = {step: rewind.step_id for rewind in log.rewinds() for step in rewind.undoes[:1]}
    meant = [step for step, _ in notes]
    done_anew = [anew.get(step) for step in meant]
    tally = wrapper.gate.tally
    return Figures(
        undo_steps=undo_steps,
        steps=tally.steps,
        presses=len(notes),
        logged=int((~np.isnan(table.reaction_seconds)).sum()),
        meant=len(set(meant)),
        as_meant=sum(s in refused or a in refused for s, a in zip(meant, done_anew, strict=True)),
        late=sum(step != at for step, at in notes),
        catastrophes=tally.catastrophes or 0,
        undone_catastrophes=tally.undone_catastrophes or 0,
        needless=tally.needless_blocks or 0,
    )


def main() -> None:
    """Oversee with and without late blocks, and compare."""
    settings = tyro.cli(Robot, description=__doc__)
    rows = [asdict(run_once(settings, undo)) for undo in (settings.undo_steps, 0)]
    for row in rows:
        print("  ".join(f"{key} {value}" for key, value in row.items()))
    if settings.out is not None:
        settings.out.parent.mkdir(parents=True, exist_ok=True)
        settings.out.write_text(json.dumps(rows, indent=2) + "\n")


if __name__ == "__main__":
    main()
