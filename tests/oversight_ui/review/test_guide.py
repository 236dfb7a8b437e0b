"""The review's guide says what is."""

from __future__ import annotations

import re
from pathlib import Path

from oversight_ui.review.keys import GROUPS, KEYS

GUIDE = Path(__file__).parents[3] / "docs" / "review_guide.md"


def test_the_guide_names_every_key() -> None:
    section = GUIDE.read_text().split("## Keys\n", 1)[1].split("\n## ", 1)[0]
    firsts = [line.split("|")[1] for line in section.splitlines() if line.startswith("| `")]
    named = {word.lower() for first in firsts for word in re.findall(r"`([^`]+)`", first)}
    assert named == set(KEYS)


def test_the_help_tells_of_every_command() -> None:
    told = {command for rows in GROUPS.values() for row in rows for command in row.commands}
    forward = {c for c in KEYS.values() if "previous" not in c.action.value}
    assert {c.action for c in forward} - {c.action for c in told} == {
        # Told by "with SHIFT: back".
        c.action
        for name, c in KEYS.items()
        if name in ("shift w", "shift return")
    }
