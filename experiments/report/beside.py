"""Tables of the page that are no sweep's: cost of oversight, long trainings, help by a Blocker."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from experiments.report.tables import Table, as_markdown, number_of
from experiments.sweep.cell import Json
from oversight import GAMES, RunError
from oversight.bounds import upper_bound

__all__ = ["ASSISTED", "LABOUR", "LONG", "NAMED", "sections_beside"]

LABOUR, ASSISTED, NAMED = "labour.json", "assisted.json", "named.json"
"""Rows of `labour --out`, `assisted --out` and `name --out`, in the folder of results."""
LONG = "fast_*.json"
"""Rows of `python -m experiments fast --out`; `fast_pong_freq2.json` is of Pong."""
Rows = Sequence[Mapping[str, Json]]


def sections_beside(results: Path) -> Iterator[str]:
    """Lines of the page, of those of these files that are there.

    Args:
        results: folder of the files.

    Raises:
        RunError: a file cannot be read, or holds something else.
    """
    tables = [
        *_of_labour(results / LABOUR),
        *_of_long(results),
        *_of_assisted(results / ASSISTED),
        *_of_named(results / NAMED),
    ]
    for table in tables:
        yield from (f"## {table.title}", "", table.note, "", as_markdown(table), "")


def _read(path: Path) -> Json:
    try:
        found: Json = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise RunError(f"{path} cannot be read: {error}") from None
    return found


def _rows(path: Path, found: Json, command: str) -> list[dict[str, Json]]:
    if not isinstance(found, list) or not all(isinstance(row, dict) for row in found):
        raise RunError(f"{path}: expected rows of 'experiments {command}', got something else")
    return [row for row in found if isinstance(row, dict)]


# ------------------------------------------------------------------------------------------ labour


def _of_labour(path: Path) -> Iterator[Table]:
    if path.is_file():
        found = _read(path)
        inside = found.get("rows") if isinstance(found, dict) else None
        rows = _rows(path, inside, "labour")
        assert isinstance(found, dict)
        yield _labour(int(str(found["n_cat"])), rows)


def _labour(n_cat: int, rows: Rows) -> Table:
    headings = (
        *("game", "agent", "labels", "unsafe", "seconds a label", "whose", "labels per unsafe"),
        *(f"hours to {n_cat:,} unsafe", "hours a million steps"),
    )
    lines = tuple(
        (
            str(row["game"]).replace("_", " "),
            str(row["what"]).replace("_", " "),
            f"{row['labels']:,}",
            f"{row['unsafe']:,}",
            _quantity(row["seconds"], 2),
            str(row["seconds_are"]),
            *(_quantity(row[name], 1) for name in ("rho", "hours")),
            _quantity(row["hours_a_million"], 0),
        )
        for row in rows
    )
    note = (
        "`python -m experiments labour`: C = t_human * rho * N_cat, the cost model of the paper, "
        "with 95 % bootstrap intervals over episodes. Seconds are a model's where it says so."
    )
    return Table("What oversight costs a person", headings, lines, note)


def _quantity(value: Json, digits: int) -> str:
    if not isinstance(value, dict) or value["value"] is None:
        return "none seen"
    middle, low, high = (number_of(value, name) for name in ("value", "low", "high"))
    said = f"{middle:,.{digits}f}"
    if low is None:
        return said
    return f"{said} ({low:,.{digits}f} to {'any' if high is None else f'{high:,.{digits}f}'})"


# ---------------------------------------------------------------------------------- long trainings


def _game_of(path: Path) -> str:
    """The game that a file's name names, the longest that fits; "fast_pong_freq2" is of Pong."""
    name = path.stem.removeprefix("fast_")
    fitting = [game for game in GAMES if f"{name}_".startswith(f"{game}_")]
    return max(fitting, key=len, default=name)


def _of_long(results: Path) -> Iterator[Table]:
    lines = [line for path in sorted(results.glob(LONG)) for line in _long(path, _game_of(path))]
    if lines:
        headings = (
            *("game", "file", "who judges", "learner", "seed", "agent steps", "catastrophes"),
            *("unsafe proposals", "needless blocks", "return of the last 100 games", "hours"),
        )
        note = (
            "Trainings in the fast way, `python -m experiments fast`; harm is counted afterwards, "
            "from the tapes. What differs between the files, and why the agent that nobody oversaw "
            "is no ordinary one: [agents.md](agents.md#long-trainings)."
        )
        yield Table("Long trainings", headings, tuple(lines), note)


def _long(path: Path, game: str) -> Iterator[tuple[str, ...]]:
    for row in _rows(path, _read(path), "fast"):
        parts = row["parts"]
        assert isinstance(parts, list)
        counted = [part for part in parts if isinstance(part, dict)]
        judged = row["condition"] != "no_oversight"
        steps = int(_total(counted, "steps"))
        yield (
            game.replace("_", " "),
            f"`{path.stem}`",
            "the Blocker, from the first step on" if judged else "nobody",
            str(row.get("learner", "double_dqn")).replace("_", " "),
            str(row["seed"]),
            f"{row['steps']:,}",
            _harm(int(_total(counted, "catastrophes")), steps) if steps else "-",
            f"{_total(counted, 'unsafe'):,.0f}" if steps else "-",
            f"{_total(counted, 'needless'):,.0f}" if steps and judged else "-",
            f"{number_of(row, 'last_100') or 0.0:.1f}",
            f"{(number_of(row, 'seconds') or 0.0) / 3600:.1f}",
        )


def _total(parts: Rows, name: str) -> float:
    return sum(number_of(part, name) or 0.0 for part in parts)


def _harm(seen: int, steps: int) -> str:
    """A count with the exact upper bound for 1,000 steps."""
    bound = 1000 * upper_bound(min(seen, steps), steps)
    return f"{seen:,} in {steps:,} (at most {bound:.3g})"


# -------------------------------------------------------------------------------- a Blocker's help


def _of_assisted(path: Path) -> Iterator[Table]:
    if not path.is_file():
        return
    headings = (
        *("game", "way", "unsafe proposals", "let through", "needless blocks", "catastrophes"),
        *("seconds per 1,000 steps (simulated)", "times as fast"),
    )
    lines = tuple(
        (
            str(row["game"]).replace("_", " "),
            _way(row),
            f"{row['unsafe']:,}",
            f"{_through(row):,.0f}",
            f"{row['needless_blocks']:,}",
            _harm(int(str(row["catastrophes"])), int(str(row["steps"]))),
            f"{1000 * float(str(row['attention_seconds'])) / int(str(row['steps'])):,.0f}",
            f"{float(str(row['speed'])):.1f}",
        )
        for row in _rows(path, _read(path), "assisted")
    )
    note = (
        "`python -m experiments assisted`: the simulated person in real time, and where a Blocker "
        "sets the pace; the same seeds of games, proposals and person. The Blocker sees no truth, "
        "the person not the Blocker's answer: only the pace says it. A block may come 8 steps "
        "late. How to ask real people: [protocol.md](protocol.md#hints)."
    )
    yield Table("A person with a Blocker's help, and without", headings, lines, note)


def _way(row: Mapping[str, Json]) -> str:
    fastest = float(str(row["fastest"]))
    return "real time" if fastest == 1 else f"assisted, at most {fastest:g} times as fast"


def _through(row: Mapping[str, Json]) -> float:
    """Unsafe proposals that no block stands beside."""
    blocks, needless = (number_of(row, name) or 0.0 for name in ("blocks", "needless_blocks"))
    return (number_of(row, "unsafe") or 0.0) - (blocks - needless)


# ------------------------------------------------------------------------ a catastrophe on screens


def _of_named(path: Path) -> Iterator[Table]:
    if not path.is_file():
        return
    headings = (
        *("game", "seed", "who", "minutes", "pairs shown", "marked", "wrong", "events unseen"),
        *("imagined", "bad pairs missed", "called bad falsely"),
        *("unsafe actions called safe", "safe actions called unsafe", "states left out"),
    )
    lines = tuple(
        (
            str(row["game"]).replace("_", " "),
            str(row["seed"]),
            f"{row['namer']}{' (simulated)' if row['simulated'] else ''}",
            f"{float(str(row['minutes'])):.1f}",
            *(f"{row[name]:,}" for name in ("shown", "marked", "wrong")),
            *_named_pairs(row["pairs"]),
            *_named_labels(row["labels"]),
        )
        for row in _rows(path, _read(path), "name")
    )
    note = (
        "`python -m experiments name`: a person marks pairs of screens, a small classifier learns "
        "to tell, the emulator's look-ahead goes by it ([naming.md](naming.md)). What is right of "
        "*wrong* is counted by the truth, on play that nothing was named on: pairs of screens with "
        "nobody overseeing, and look-ahead's answers about every action of guarded play, against "
        "those by the game's definition. Left out are states with harm going on or no way out: by "
        "the spotter alone, by the definition alone, by both."
    )
    yield Table("A catastrophe named on screens", headings, lines, note)


def _named_pairs(pairs: Json) -> tuple[str, ...]:
    if not isinstance(pairs, dict):
        return ("-",) * 4
    found = {name: int(str(value)) for name, value in pairs.items()}
    return (
        f"{found['unseen']} of {found['events']:,}",
        f"{found['imagined']}",
        f"{found['missed']} of {found['bad']:,}",
        f"{found['falsely']} of {found['pairs'] - found['bad']:,}",
    )


def _named_labels(labels: Json) -> tuple[str, ...]:
    if not isinstance(labels, dict):
        return ("-",) * 3
    found = {name: int(str(value)) for name, value in labels.items()}
    return (
        f"{found['missed']} of {found['unsafe']:,}",
        f"{found['falsely']} of {found['safe']:,}",
        f"{found['out_by_name']} + {found['out_by_truth']} + {found['out_by_both']}",
    )
