"""`python -m blocker explain`."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Annotated

import numpy as np
import tyro
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from blocker.artifact import Blocker
from blocker.bench.data import HeldOut
from blocker.bench.judges import BlockerJudge
from blocker.bench.measures import Judged
from blocker.bench.run import load_inputs
from blocker.errors import ExplainError
from blocker.explain.draw import faithfulness_figure, maps_figure
from blocker.explain.faithfulness import ABLATIONS, Faithfulness, faithfulness
from blocker.explain.maps import METHODS
from blocker.explain.paddle import paddle_figure
from blocker.explain.sanity import likeness, with_random_weights
from oversight.games import PONG

__all__ = ["ExplainCommand", "chosen_steps", "explain"]


@dataclass(frozen=True)
class ExplainCommand:
    """Show where a Blocker looks, and check that the maps mean something.

    Of the steps of a pack's test part or a log, the surest blocks, the gravest misses and false
    alarms and the closest calls are drawn beside their attribution maps. The maps are checked by
    taking away what they call important (under zero, mean and resample ablation) and by drawing
    the weights anew. Needs captum: pip install 'hirl[explain]'.
    """

    inputs: Annotated[tuple[Path, ...], tyro.conf.Positional]
    """Packs (folders) and logs (files) of one game; one or more."""
    blocker: Path
    """The Blocker's file."""
    out: Path
    """Folder for pictures and explain.json; made if it is not there."""
    count: int = 8
    """Steps to draw."""
    check: int = 40
    """Steps that the maps are checked on."""
    seed: int = 0
    """Draws random pixels, other steps and random weights."""


def explain(command: ExplainCommand, console: Console) -> None:
    """Draw and check.

    Raises:
        OversightError: something cannot be read, captum is missing, or nothing is blocked.
    """
    if command.count < 1 or command.check < 2:
        raise ValueError(
            f"expected 1 step or more to draw and 2 to check on, got {command.count} and "
            f"{command.check}"
        )
    blocker = Blocker.load(command.blocker)
    data, _, _ = load_inputs(command.inputs, say=partial(console.print, soft_wrap=True))
    blocker.require(data.game.name, data.game.actions)
    judged = Judged.of(data, BlockerJudge(blocker, "").risks(data), blocker.threshold)
    with console.status("mapping"):
        drawn = data.where(chosen_steps(judged, command.count))
        maps = _maps(blocker, drawn)
        checked = _checked(blocker, judged, command.check, command.seed)
    command.out.mkdir(parents=True, exist_ok=True)
    maps_figure(blocker, drawn, maps).savefig(command.out / "maps.png", dpi=80)
    found, random_likeness = checked
    faithfulness_figure(found).savefig(command.out / "faithfulness.png", dpi=90)
    if data.game.name == PONG.name:
        screen = data.images[data.index[0, -1]]
        paddle_figure(blocker, screen).savefig(command.out / "paddle.png", dpi=90)
    about = {
        "game": data.game.name,
        "faithfulness": {name: asdict(one) for name, one in found.items()},
        "gain": {name: one.gain for name, one in found.items()},
        "likeness_to_random_weights": random_likeness,
    }
    (command.out / "explain.json").write_text(json.dumps(about, indent=1) + "\n", encoding="utf-8")
    console.print(_table(found, random_likeness))
    console.print(f"written to {command.out}", soft_wrap=True)


def chosen_steps(judged: Judged, count: int) -> NDArray[np.int64]:
    """Rows to draw, one an episode: in turn surest block, miss, false alarm and closest call."""
    away = np.abs(judged.probability - judged.threshold)
    caught = judged.data.unsafe & judged.blocked
    kinds = (
        _first(caught, -judged.probability),
        _first(judged.missed, judged.probability),
        _first(judged.needless, -judged.probability),
        _first(np.ones_like(caught), away),
    )
    chosen: list[int] = []
    episodes: set[int] = set()
    for place in range(len(judged.data)):
        for rows in kinds:
            if place < len(rows) and len(chosen) < count:
                row, episode = int(rows[place]), int(judged.data.episode[rows[place]])
                if episode not in episodes:
                    chosen.append(row)
                    episodes.add(episode)
        if len(chosen) == count or place >= max(len(rows) for rows in kinds):
            break
    return np.array(chosen, np.int64)


def _first(mask: NDArray[np.bool_], key: NDArray[np.float64]) -> NDArray[np.int64]:
    rows = np.flatnonzero(mask)
    return rows[np.argsort(key[rows], kind="stable")]


def _seen(blocker: Blocker, data: HeldOut) -> NDArray[np.uint8]:
    return np.stack([blocker.spec.latest(data.images[rows]) for rows in data.index])


def _maps(blocker: Blocker, data: HeldOut) -> dict[str, NDArray[np.float32]]:
    """By method, float32 (n, k, h, w)."""
    seen = _seen(blocker, data)
    return {
        name: np.stack(
            [
                method(blocker, seen[row], int(data.previous[row]), int(data.action[row]))
                for row in range(len(data))
            ]
        )
        for name, method in METHODS.items()
    }


def _checked(
    blocker: Blocker, judged: Judged, count: int, seed: int
) -> tuple[dict[str, Faithfulness], dict[str, float]]:
    rng = np.random.default_rng(seed)
    blocks = np.flatnonzero(judged.blocked)
    if len(blocks) < 2:
        raise ExplainError(
            f"expected 2 blocked steps or more to check maps on, got {len(blocks)}: give a pack or "
            "a log in which this Blocker blocks something"
        )
    rows = np.sort(rng.choice(blocks, min(count, len(blocks)), replace=False))
    data = judged.data.where(rows)
    seen, maps = _seen(blocker, data), _maps(blocker, data)
    found = {
        name: faithfulness(blocker, seen, data.previous, data.action, of, rng)
        for name, of in maps.items()
    }
    few = data.where(np.arange(min(5, len(data))))
    redrawn = _maps(with_random_weights(blocker, seed), few)
    alike = {
        name: float(
            np.mean([likeness(a, b) for a, b in zip(maps[name], redrawn[name], strict=False)])
        )
        for name in maps
    }
    return found, alike


def _table(found: Mapping[str, Faithfulness], alike: Mapping[str, float]) -> Table:
    table = Table(title="Are the maps to be believed?", title_justify="left")
    table.caption = (
        "Fall of the log-odds when the most important pixels are taken away, less the fall for as "
        "many random ones, averaged over 1 to 50 % of the pixels: the more the better. Random "
        "weights: rank correlation with the maps of a network drawn anew; near 0 is right."
    )
    table.add_column("map")
    for name in ABLATIONS:
        table.add_column(name, justify="right")
    table.add_column("random weights", justify="right")
    for name, one in found.items():
        gains: Sequence[str] = [f"{one.gain[kind]:.2f}" for kind in ABLATIONS]
        table.add_row(name, *gains, f"{alike[name]:.2f}")
    return table
