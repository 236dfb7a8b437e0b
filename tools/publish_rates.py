"""Sum up the rows in results/truth/: for `python -m oversight games`, and as docs/truth_table.md.

    python tools/publish_rates.py

Run it after `python -m experiments truth --out results/truth/table.json`; a test compares.
"""

from __future__ import annotations

import json
from pathlib import Path

from experiments.cells import TruthRow
from experiments.truth_study import harm, summed
from oversight.bounds import upper_bound
from oversight.games import GAMES
from oversight.listing import MEASURED, Row, rates_of, written

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "truth_table.md"
HEAD = """# The truth, counted

Made by `python tools/publish_rates.py` from the rows in `results/truth/table.json`, not by hand.
What is counted and how is in [truth.md](truth.md). The rows come from

```
.venv/bin/python -m experiments truth --games all --steps 5000 --seeds 0 1 2 3 \\
    --out results/truth/table.json
```

and such commands with other `--steps` and `--unguarded-steps`: see the steps of each row. It
goes on where it was stopped: cells that are there are not played again, and `--workers 2` plays two
side by side. Agent steps, and catastrophes begun in them; in brackets those that no
action could have averted when they came. *Greedy* asks the truth and proposes what it calls unsafe.
At most: catastrophes per 1,000 steps, one-sided 95 %, exact binomial, as if steps were
independent. Lost: states in which the search found no way out. Steps a second of the whole
loop, on a machine that did other things as well: of processor time where a row has `cpu_seconds`,
of the clock in older rows. Rows of before a shortcut was added are kept where they are of more
steps: its tests show that no answer changed.

| game | proposer | nobody | harm | oracle | harm | at most | lost | blocks | steps/s |
|---|---|---|---|---|---|---|---|---|---|
"""


def rows() -> list[Row]:
    """Every row of a truth study that is kept."""
    found: list[Row] = []
    for file in sorted((ROOT / "results" / "truth").glob("*.json")):
        kept = json.loads(file.read_text())
        found += [row for row in kept if isinstance(kept, list) and "guarded" in row]
    return found


def page(every: list[Row]) -> str:
    """The rows as a page, a line for each game and proposer, seeds summed up."""
    kept = [TruthRow(**row) for row in every]  # type: ignore[arg-type]  # the fields by name
    order = {name: place for place, name in enumerate(GAMES)}
    names = sorted({row.game for row in kept}, key=lambda name: (order.get(name, len(order)), name))
    lines = [
        _line(name, proposer, [row for row in kept if (row.game, row.proposer) == (name, proposer)])
        for name in names
        for proposer in dict.fromkeys(row.proposer for row in kept if row.game == name)
    ]
    return HEAD + "\n".join(lines) + "\n"


def _line(game: str, proposer: str, rows: list[TruthRow]) -> str:
    alone, kept = (
        summed([row for row in rows if row.guarded is guarded]) for guarded in (False, True)
    )
    cells = [game, proposer.replace("_", " ")]
    cells += [f"{alone['steps']:,.0f}", harm(alone)] if alone["steps"] else ["-", "-"]
    if kept["steps"]:
        events, steps = int(kept["catastrophes"]), int(kept["steps"])
        cells += [f"{steps:,}", harm(kept), f"{1000 * upper_bound(events, steps):.3f}"]
        cells += [f"{kept['lost_states']:,.0f}", f"{kept['blocks']:,.0f}"]
        cells += [f"{steps / kept['seconds']:,.0f}"]
    else:
        cells += ["-"] * 6
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    (ROOT / "oversight" / MEASURED).write_text(written(rates_of(rows())))
    PAGE.write_text(page(rows()))
