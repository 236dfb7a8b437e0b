"""A readable card of a log: what is in it and what the labels cost."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from rich.table import Table

from oversight.log import UNKNOWN, UNSAFE, InterventionLog
from oversight.types import Source

__all__ = ["LogCard", "card_of", "card_table"]


@dataclass(frozen=True, slots=True)
class LogCard:
    """What a log holds.

    Attributes:
        path: of the log.
        game: its name.
        decisions: agent steps recorded.
        episodes: begun.
        phases: agent steps by phase.
        sources: agent steps by who judged.
        unsafe: decisions whose verdict, relabels applied, is unsafe.
        blocks: executed action differed from the proposed one.
        catastrophes: events recorded; None where no truth was known.
        attention_seconds: of people; simulated ones where `simulated`.
        simulated: the attention is that of a simulated person.
        bytes: of the file and its write-ahead log.
    """

    path: Path
    game: str
    decisions: int
    episodes: int
    phases: dict[str, int]
    sources: dict[str, int]
    unsafe: int
    blocks: int
    catastrophes: int | None
    attention_seconds: float
    simulated: bool
    bytes: int


def card_of(path: Path) -> LogCard:
    """Read a log's card.

    Raises:
        LogError: the log cannot be read.
    """
    with InterventionLog.open(path) as log:
        table, events, game = log.steps(), log.events(), log.meta.game
    truth_known = bool((table.executed_unsafe != UNKNOWN).any())
    files = [path, path.with_name(path.name + "-wal")]
    return LogCard(
        path=path,
        game=game,
        decisions=len(table),
        episodes=len(np.unique(table.episode)),
        phases=_counts(table.phase.tolist()),
        sources=_counts(table.source.tolist()),
        unsafe=int((table.verdict == UNSAFE).sum()),
        blocks=int(table.blocked.sum()),
        catastrophes=len(events) if truth_known else None,
        attention_seconds=float(table.attention_seconds.sum()),
        simulated=bool((table.source == Source.SIMULATED.value).any()),
        bytes=sum(file.stat().st_size for file in files if file.exists()),
    )


def card_table(card: LogCard) -> Table:
    """The card as a table for a terminal."""
    table = Table(title=str(card.path), title_justify="left", show_header=False)
    kind = " (simulated)" if card.simulated else ""
    labels = sum(count for word, count in card.sources.items() if Source(word).is_person)
    per_label = f"{card.attention_seconds / labels:.2f} s{kind}" if labels else "-"
    harm = "not known" if card.catastrophes is None else f"{card.catastrophes:,}"
    rho = f"{card.decisions / card.unsafe:,.0f}" if card.unsafe else "-"
    for name, value in (
        ("game", card.game),
        ("decisions", f"{card.decisions:,} in {card.episodes:,} episodes"),
        ("by phase", _listed(card.phases)),
        ("by overseer", _listed(card.sources)),
        ("judged unsafe", f"{card.unsafe:,}"),
        ("blocked", f"{card.blocks:,}"),
        ("catastrophes", harm),
        ("decisions per unsafe one", rho),
        ("attention", f"{card.attention_seconds / 60:,.1f} min{kind}"),
        ("attention per label", per_label),
        ("size", f"{card.bytes / 1e6:,.2f} MB"),
    ):
        table.add_row(name, value)
    return table


def _counts(words: list[str]) -> dict[str, int]:
    return {word: words.count(word) for word in sorted(set(words))}


def _listed(counts: dict[str, int]) -> str:
    return ", ".join(f"{word} {count:,}" for word, count in counts.items()) or "-"
