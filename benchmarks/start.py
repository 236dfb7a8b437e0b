"""What a network has learned after so many updates, by how it began: as SB3's DQN, or ahead.

Random play fills replay, the network learns from it by the target of Double DQN with a target
network that is renewed as in training, and is then asked for the values of other screens. They are
compared with what random play was paid from there on, which they should come to tell apart.

    python benchmarks/start.py --help
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
import tyro
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table
from stable_baselines3.common.torch_layers import NatureCNN

from agents import DoubleDQN, DoubleDQNSettings, FastVecEnv, Precision
from agents.start import PIXEL, CentredCNN, background_of
from oversight import FastAtari, game_named

AHEAD_STEPS = 400
"""Steps at the end of play from which no screens are held out: 0.99 to that power is 0.02."""


@dataclass(frozen=True)
class Settings:
    """What is measured."""

    game: str = "pong"
    """Which game."""

    updates: tuple[int, ...] = (500, 1_000, 2_000)
    """Updates of 32 after which to look."""

    learning_rate: float = 1e-4
    """Step size of Adam."""

    adam_epsilons: tuple[float, ...] = (1e-8, 1.5e-4)
    """Added to the root of Adam's second moment."""

    n_steps: int = 3
    """Agent steps whose rewards a target adds up."""

    games: int = 16
    """Games of random play at once."""

    steps: int = 1_500
    """Steps of each that fill replay; half as many more are looked at."""

    seeds: tuple[int, ...] = (0, 1, 2)
    """Of weights and games."""

    out: Path | None = None
    """A JSON file for the rows, such as results/agents/start.json."""


@dataclass(frozen=True)
class Row:
    """One start after so many updates.

    Attributes:
        start: how it began.
        adam_epsilon: of Adam.
        seed: of weights and games.
        updates: of 32 transitions, so far.
        spread: standard deviation of the values over held-out screens.
        tells: correlation of the values with what random play was paid from there on.
        alive: share of the first layer's units that answer to any of 64 screens.
    """

    start: str
    adam_epsilon: float
    seed: int
    updates: int
    spread: float
    tells: float
    alive: float


STARTS = {
    "as SB3's DQN": (False, False),
    "pixels from the background": (False, True),
    "orthogonal": (True, False),
    "both": (True, True),
}


def agent_of(settings: Settings, start: str, epsilon: float, seed: int) -> DoubleDQN:
    orthogonal, centred = STARTS[start]
    games = FastAtari(game_named(settings.game), settings.games, colours=False)
    numbers = DoubleDQNSettings(
        precision=Precision.AUTO,
        learning_starts=10**9,  # random play alone; the updates are asked for
        exploration_steps=10**9,
        buffer_size=settings.steps * settings.games,
        learning_rate=settings.learning_rate,
        adam_epsilon=epsilon,
        n_steps=settings.n_steps,
        orthogonal=orthogonal,
        pixel_centre=background_of(settings.game) if centred else 0,
    )
    return DoubleDQN(FastVecEnv(games), numbers, seed=seed, device="cpu")


def held_out(agent: DoubleDQN, settings: Settings) -> tuple[torch.Tensor, NDArray[np.float64]]:
    """Screens of random play that replay does not hold, and what was paid after each."""
    seen, paid = [], []
    for step in range(settings.steps // 2 + AHEAD_STEPS):
        if step % 10 == 0 and step < settings.steps // 2:
            seen.append((step, np.array(agent._last_obs)))
        paid.append([each.reward for each in agent.step()])
    after = np.zeros((len(paid) + 1, settings.games))
    for step in range(len(paid) - 1, -1, -1):
        after[step] = np.array(paid[step]) + agent.gamma * after[step + 1]
    screens = np.concatenate([screen for _, screen in seen])
    return torch.from_numpy(screens), np.concatenate([after[step] for step, _ in seen])


def looked_at(
    agent: DoubleDQN, screens: torch.Tensor, paid: NDArray[np.float64]
) -> tuple[float, float, float]:
    best = [agent.updates.values(some).amax(dim=1) for some in screens.split(256)]
    values = torch.cat(best).numpy().astype(np.float64)
    tells = np.corrcoef(values, paid)[0, 1] if values.std() > 0 else 0.0
    body = agent.q_net.features_extractor
    assert isinstance(body, NatureCNN)
    centre = body.centre if isinstance(body, CentredCNN) else 0
    with torch.no_grad():
        first = body.cnn[0]((screens[:64].float() - centre) / PIXEL)
    alive = (first.amax(dim=(0, 2, 3)) > 0).float().mean().item()
    return float(values.std()), float(tells), alive


def course(settings: Settings, start: str, epsilon: float, seed: int) -> Iterator[Row]:
    agent = agent_of(settings, start, epsilon, seed)
    agent.begin(10**9)
    screens, paid = held_out(agent, settings)  # first: replay keeps the newest
    for _ in range(settings.steps):
        agent.step()
    renewed = agent.target_update_interval // agent.settings.train_freq
    for update in range(1, max(settings.updates) + 1):
        agent.train(1, 32)
        if update % renewed == 0:
            agent.q_net_target.load_state_dict(agent.q_net.state_dict())
            agent.updates.adopt_target()
        if update in settings.updates:
            yield Row(start, epsilon, seed, update, *looked_at(agent, screens, paid))


def shown(rows: list[Row]) -> Table:
    table = Table(title="Medians over seeds", title_justify="left")
    for heading in ("start", "epsilon of Adam", "updates", "spread", "tells", "alive"):
        table.add_column(heading, justify="left" if heading == "start" else "right")
    for key in dict.fromkeys((row.start, row.adam_epsilon, row.updates) for row in rows):
        same = [row for row in rows if (row.start, row.adam_epsilon, row.updates) == key]
        middle = [
            float(np.median([getattr(row, name) for row in same]))
            for name in ("spread", "tells", "alive")
        ]
        table.add_row(
            key[0], f"{key[1]:g}", f"{key[2]:,}", f"{middle[0]:.3f}", f"{middle[1]:.2f}",
            f"{middle[2]:.2f}",
        )  # fmt: skip
    return table


def main(settings: Settings) -> None:
    console = Console(highlight=False, width=None if sys.stdout.isatty() else 120)
    rows: list[Row] = []
    for epsilon in settings.adam_epsilons:
        for start in STARTS:
            for seed in settings.seeds:
                rows += course(settings, start, epsilon, seed)
                console.print(f"{start}, epsilon {epsilon:g}, seed {seed}: {rows[-1]}")
    console.print(shown(rows))
    if settings.out is not None:
        settings.out.write_text(json.dumps([asdict(row) for row in rows], indent=1) + "\n")


if __name__ == "__main__":
    main(tyro.cli(Settings, description=__doc__))
