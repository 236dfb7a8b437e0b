"""A readable card of a log: what is in it and what the labels cost."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from rich.table import Table
from sqlalchemy import Connection

from oversight.log import InterventionLog
from oversight.types import Source

__all__ = ["LogCard", "card_of", "card_table"]

FRAMES_A_SECOND = 60
"""Of an Atari console."""
STANDING = "step_id NOT IN (SELECT step_id FROM rewinds)"


@dataclass(frozen=True, slots=True)
class LogCard:
    """What a log holds. Undone steps are counted in `rewound` alone.

    Attributes:
        path: of the log.
        game: its name.
        decisions: agent steps recorded.
        episodes: begun.
        hours: of play at the console's own speed; None if frames a step are not known.
        phases: agent steps by phase.
        sources: agent steps by who judged.
        unsafe: decisions whose verdict, relabels applied, is unsafe.
        blocks: executed action differed from the proposed one.
        catastrophes: events recorded; None where no truth was known.
        rewinds: how often the game was taken back.
        rewound: agent steps undone by that.
        relabelled: decisions about which something was said later.
        scorers: who gave scores, by name.
        labels: decisions by a person, or the stand-in for one.
        attention_seconds: of people; simulated ones where `simulated`.
        simulated: the attention is that of a simulated person.
        bytes: of the file and its write-ahead log.
        end: whether its end is there, in words.
        incidents: what befell the file, as far as it was noticed.
    """

    path: Path
    game: str
    decisions: int
    episodes: int
    hours: float | None
    phases: dict[str, int]
    sources: dict[str, int]
    unsafe: int
    blocks: int
    catastrophes: int | None
    rewinds: int
    rewound: int
    relabelled: int
    scorers: tuple[str, ...]
    labels: int
    attention_seconds: float
    simulated: bool
    bytes: int
    end: str
    incidents: tuple[str, ...]

    @property
    def seconds_per_label(self) -> float | None:
        """t_human: seconds of attention a decision of a person's took; None without any."""
        return self.attention_seconds / self.labels if self.labels else None

    @property
    def rho(self) -> float | None:
        """Observations per catastrophe, each unsafe verdict taken for one that was about to come.

        None without unsafe verdicts (Saunders et al. 2017, section 4).
        """
        return self.decisions / self.unsafe if self.unsafe else None

    def cost_hours(self, catastrophes: int) -> float | None:
        """C = t_human * rho * N_cat in hours: what so many catastrophes averted would cost."""
        if self.seconds_per_label is None or self.rho is None:
            return None
        return self.seconds_per_label * self.rho * catastrophes / 3600


def card_of(path: Path) -> LogCard:
    """Read a log's card; its decisions are counted where they are, not loaded.

    Raises:
        LogError: the log cannot be read.
    """
    with InterventionLog.open(path, damaged_too=True) as log:
        ask = _Questions(log.connection)
        decisions = ask.number(f"SELECT count(*) FROM decisions WHERE {STANDING}")
        frameskip = log.meta.environment.get("frameskip")
        seconds = int(frameskip) * decisions / FRAMES_A_SECOND if frameskip else None
        sources = ask.counts("source")
        known = ask.number("SELECT EXISTS (SELECT 1 FROM decisions WHERE executed_unsafe NOT NULL)")
        standing = "onset_step NOT IN (SELECT step_id FROM rewinds)"
        events = ask.number(f"SELECT count(*) FROM events WHERE {standing}")
        files = [path, path.with_name(path.name + "-wal")]
        return LogCard(
            path=path,
            game=log.meta.game,
            decisions=decisions,
            episodes=ask.number(f"SELECT count(DISTINCT episode) FROM decisions WHERE {STANDING}"),
            hours=None if seconds is None else seconds / 3600,
            phases=ask.counts("phase"),
            sources=sources,
            unsafe=ask.unsafe(),
            blocks=ask.number(f"SELECT count(*) FROM decisions WHERE blocked AND {STANDING}"),
            catastrophes=events if known else None,
            rewinds=ask.number("SELECT count(DISTINCT redone_by) FROM rewinds"),
            rewound=ask.number("SELECT count(*) FROM rewinds"),
            relabelled=ask.number("SELECT count(DISTINCT step_id) FROM amendments"),
            scorers=tuple(scorer.name for scorer in log.scorers()),
            labels=sum(count for word, count in sources.items() if Source(word).is_person),
            attention_seconds=ask.attention(),
            simulated=Source.SIMULATED.value in sources,
            bytes=sum(file.stat().st_size for file in files if file.exists()),
            end=log.condition.in_words(),
            incidents=ask.incidents(),
        )


class _Questions:
    """What is asked of the tables."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def number(self, query: str) -> int:
        return int(self._connection.exec_driver_sql(query).scalar_one())

    def counts(self, column: str) -> dict[str, int]:
        query = f"SELECT {column}, count(*) FROM decisions WHERE {STANDING} GROUP BY 1 ORDER BY 1"
        return {str(word): int(count) for word, count in self._connection.exec_driver_sql(query)}

    def attention(self) -> float:
        query = f"SELECT total(attention_seconds) FROM decisions WHERE {STANDING}"
        return float(self._connection.exec_driver_sql(query).scalar_one())

    def unsafe(self) -> int:
        first = self.number(
            f"SELECT count(*) FROM decisions WHERE verdict = 'unsafe' AND {STANDING} "
            "AND step_id NOT IN (SELECT step_id FROM amendments)"
        )
        # SQLite gives the verdict of the row whose number is the greatest.
        newest = "SELECT step_id, verdict, max(amendment) FROM amendments GROUP BY step_id"
        later = self.number(
            f"SELECT count(*) FROM ({newest}) WHERE verdict = 'unsafe' AND {STANDING} "
            "AND step_id IN (SELECT step_id FROM decisions)"
        )
        return first + later

    def incidents(self) -> tuple[str, ...]:
        rows = self._connection.exec_driver_sql("SELECT kind, detail FROM incidents")
        return tuple(f"{kind}: {detail}" for kind, detail in rows)


def card_table(card: LogCard) -> Table:
    """The card as a table for a terminal."""
    table = Table(title=str(card.path), title_justify="left", show_header=False)
    kind = " (simulated)" if card.simulated else ""
    t_human, rho = card.seconds_per_label, card.rho
    harm = "not known" if card.catastrophes is None else f"{card.catastrophes:,}"
    hours = "" if card.hours is None else f", {card.hours:,.2f} h of play"
    rows = [
        ("game", card.game),
        ("decisions", f"{card.decisions:,} in {card.episodes:,} episodes{hours}"),
        ("by phase", _listed(card.phases)),
        ("by overseer", _listed(card.sources)),
        ("judged unsafe", f"{card.unsafe:,}"),
        ("blocked", f"{card.blocks:,}"),
        ("catastrophes", harm),
        ("decisions per unsafe one, rho", "-" if rho is None else f"{rho:,.0f}"),
        ("attention", f"{card.attention_seconds / 60:,.1f} min{kind}"),
        ("attention per label, t_human", "-" if t_human is None else f"{t_human:.2f} s{kind}"),
        ("cost, t_human * rho * N_cat", _cost(card, kind)),
    ]
    if card.rewinds:
        rows.append(("taken back", f"{card.rewinds:,} times, {card.rewound:,} decisions undone"))
    if card.relabelled:
        rows.append(("relabelled", f"{card.relabelled:,} decisions"))
    if card.scorers:
        rows.append(("scored by", ", ".join(card.scorers)))
    rows += [("size", f"{card.bytes / 1e6:,.2f} MB"), ("end of the file", card.end)]
    rows += [("incident", words) for words in card.incidents]
    for name, value in rows:
        table.add_row(name, value)
    return table


def _cost(card: LogCard, kind: str) -> str:
    costs = [(number, card.cost_hours(number)) for number in (100, 1_000)]
    shown = [f"{hours:,.1f} h for {number:,}" for number, hours in costs if hours is not None]
    return ", ".join(shown) + kind if shown else "-"


def _listed(counts: dict[str, int]) -> str:
    return ", ".join(f"{word} {count:,}" for word, count in counts.items()) or "-"
