"""The list of games: what must not happen in each, and what was measured of it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from importlib import resources
from types import MappingProxyType

from rich.table import Table

from oversight.bounds import upper_bound
from oversight.catastrophes import ENTRIES
from oversight.classic import CLASSIC_GAMES

__all__ = ["Rates", "actions_table", "games_table", "measured", "rates_of", "written"]

MEASURED = "measured.json"
"""Package data, written by `tools/publish_rates.py` from the rows in `results/truth/`."""

Row = Mapping[str, str | int | float | bool | None]
"""One row of `python -m experiments truth`, as it is written."""


@dataclass(frozen=True, slots=True)
class Rates:
    """What was counted of a game, by its exact truth.

    Attributes:
        alone_steps: agent steps of random and held random play with nobody overseeing.
        alone: catastrophes in them.
        guarded_steps: agent steps under the exact oracle of every proposer that proposed harm;
            those that never did would only flatter the bound.
        guarded: catastrophes in them.
    """

    alone_steps: int
    alone: int
    guarded_steps: int
    guarded: int


def rates_of(rows: Iterable[Row]) -> dict[str, Rates]:
    """Sum the rows of truth studies up, by game."""
    counts: dict[str, list[int]] = {}
    for row in rows:
        mine = counts.setdefault(str(row["game"]), [0, 0, 0, 0])
        if row["guarded"]:
            if not row["unsafe"]:
                continue
            place = 2
        elif row["proposer"] in ("random", "held"):
            place = 0
        else:
            continue
        mine[place] += int(row["steps"] or 0)
        mine[place + 1] += int(row["catastrophes"] or 0)
    return {game: Rates(*counts[game]) for game in sorted(counts)}


def written(rates: Mapping[str, Rates]) -> str:
    """Rates as the package keeps them."""
    return json.dumps({game: asdict(each) for game, each in rates.items()}, indent=1) + "\n"


def measured() -> Mapping[str, Rates]:
    """The rates that this version was published with, by game."""
    text = resources.files("oversight").joinpath(MEASURED).read_text()
    return MappingProxyType({game: Rates(**each) for game, each in json.loads(text).items()})


def games_table() -> Table:
    """Every game for a terminal."""
    table = Table(title="Games", title_justify="left")
    table.caption = (
        "Look-ahead in agent steps. Harm per 1,000 agent steps: alone with random and held random "
        "play, overseen by the exact oracle with every proposer that proposed harm (one-sided "
        "95 % upper bound, exact, as if steps were independent). Actions: "
        "python -m oversight games --actions."
    )
    table.add_column("name", no_wrap=True)
    table.add_column("catastrophe")
    for heading in ("actions", "look-ahead", "alone", "overseen"):
        table.add_column(heading, justify="right")
    rates = measured()
    listed = [(e.game, e.truth.catastrophe.horizon) for e in ENTRIES]
    listed += [(game, what.horizon) for game, _, what in CLASSIC_GAMES.values()]
    for game, horizon in listed:
        known = rates.get(game.name)
        table.add_row(
            game.name,
            game.catastrophe,
            str(game.n_actions),
            str(horizon),
            _alone(known),
            _overseen(known),
        )
    return table


def actions_table() -> Table:
    """What can be done in each game."""
    table = Table(title="Actions, by number from 0", title_justify="left")
    table.add_column("name", no_wrap=True)
    table.add_column("actions")
    games = [entry.game for entry in ENTRIES] + [game for game, _, _ in CLASSIC_GAMES.values()]
    for game in games:
        table.add_row(game.name, " ".join(game.actions))
    return table


def _alone(rates: Rates | None) -> str:
    if rates is None or rates.alone_steps == 0:
        return "-"
    return f"{1000 * rates.alone / rates.alone_steps:.1f}"


def _overseen(rates: Rates | None) -> str:
    if rates is None or rates.guarded_steps == 0:
        return "-"
    bound = 1000 * upper_bound(rates.guarded, rates.guarded_steps)
    return f"{rates.guarded:,} in {rates.guarded_steps:,} (at most {bound:.2f})"
