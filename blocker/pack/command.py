"""`python -m blocker pack`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro
from rich.console import Console
from rich.markdown import Markdown

from blocker.errors import PackError
from blocker.pack.card import data_card
from blocker.pack.manifest import Manifest
from blocker.pack.measure import differences, measured
from blocker.pack.recipe import PARTS

__all__ = ["PackCommand", "inspect_pack"]


@dataclass(frozen=True)
class PackCommand:
    """Show what a benchmark pack holds, and check that every bit of it is as it was built.

    `python -m experiments pack --game GAME --out DIR` builds one: who proposes lives there.
    """

    pack: Annotated[Path, tyro.conf.Positional]
    """The pack's folder."""
    verify: bool = True
    """Read everything and compare digests and figures; --no-verify only shows the data card."""


def inspect_pack(command: PackCommand, console: Console) -> None:
    """Show and check a pack.

    Raises:
        PackError: it is no pack, or not what it says.
        LogError: one of its logs cannot be read.
    """
    manifest = Manifest.load(command.pack)
    console.print(Markdown(data_card(manifest)))
    if not command.verify:
        return
    with console.status("comparing every screen, decision and truth"):
        wrong = differences(manifest.parts, measured(command.pack))
    if wrong:
        raise PackError(
            f"{command.pack} is not what it was built as: {'; '.join(wrong)}; build it again"
        )
    console.print(f"\n{command.pack}: all {len(PARTS)} parts are as they were built")
