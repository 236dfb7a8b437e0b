"""Sum up the rows in results/truth/ for `python -m oversight games`.

    python tools/publish_rates.py

Run it after `python -m experiments truth --out results/truth/NAME.json`; a test compares.
"""

from __future__ import annotations

import json
from pathlib import Path

from oversight.listing import MEASURED, Row, rates_of, written

ROOT = Path(__file__).parents[1]


def rows() -> list[Row]:
    """Every row of a truth study that is kept."""
    found: list[Row] = []
    for file in sorted((ROOT / "results" / "truth").glob("*.json")):
        found += [row for row in json.loads(file.read_text()) if "guarded" in row]
    return found


if __name__ == "__main__":
    (ROOT / "oversight" / MEASURED).write_text(written(rates_of(rows())))
