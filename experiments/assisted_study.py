"""What the assisted way of working saves: the simulated person, with and without a Blocker's help.

The game goes at the person's own pace, or faster where a Blocker is sure (`speed_up`), slower
where it is not, and stops where it would block. Both play the same seeds under the same proposer.
All seconds are a model's.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import numpy as np
from rich.table import Table

from blocker import Blocker, BlockerOverseer
from experiments.adversaries import ADVERSARIES
from experiments.phases import episode_seed, history_of
from experiments.reporter import Reporter
from experiments.rundir import write_json
from experiments.stopping import StopFlag
from experiments.tables import number
from oversight import (
    MODELS,
    AtariGame,
    AtariSettings,
    Decision,
    GateSettings,
    OversightWrapper,
    Proposal,
    RunError,
    SimulatedHuman,
    game_named,
)
from oversight.bounds import upper_bound
from oversight_ui.assist import SLOW, speed_up

__all__ = ["AssistedRow", "AssistedSettings", "Paced", "assisted_study", "assisted_table"]


@dataclass(frozen=True)
class AssistedSettings:
    """The simulated person in real time and assisted by a Blocker, by the truth."""

    blockers: tuple[Path, ...] = ()
    """Files of Blockers; each says its game. Their logs must be other ones than these seeds'."""
    fastest: tuple[float, ...] = (4.0, 8.0)
    """How many times the person's pace, at most."""
    steps: int = 20_000
    """Agent steps of each way."""
    segment_steps: int = 300
    """A new seeded game begins after so many."""
    person: str = "typical"
    """Which simulated person."""
    proposer: str = "held"
    """Who proposes, one of the proposers of `audit`."""
    rewind_steps: int = 8
    """How many agent steps late a block may come."""
    seed: int = 1_000_003
    """Of games, proposals and person."""
    out: Path | None = None
    """JSON file for the rows; those that it has already are not played again."""

    def check(self) -> AssistedSettings:
        """Refuse what cannot be run.

        Raises:
            RunError: says what was expected.
        """
        if not self.blockers:
            raise RunError("expected --blockers FILE...: Blockers that were trained before")
        if self.steps < 1 or self.segment_steps < 1 or self.rewind_steps < 0:
            raise RunError(
                "expected steps and segment_steps of 1 or more, rewind_steps of 0 or more"
            )
        if any(not 1 <= fast <= 16 for fast in self.fastest):
            raise RunError(f"expected speed-ups in [1, 16], got {self.fastest}")
        if self.proposer not in ADVERSARIES:
            raise RunError(
                f"expected a proposer of {', '.join(ADVERSARIES)}, got {self.proposer!r}"
            )
        if self.person not in MODELS:
            raise RunError(f"expected a person of {', '.join(MODELS)}, got {self.person!r}")
        return self


@dataclass(frozen=True)
class AssistedRow:
    """One way of working in one game; the seconds are simulated.

    Attributes:
        game: its name.
        way: "real time" or "assisted".
        fastest: times the pace, at most; 1 in real time.
        steps: agent steps that stand.
        unsafe: proposals that were unsafe in truth.
        catastrophes: that stand.
        catastrophe_rate_upper_95: exact upper bound of their rate a step.
        blocks, needless_blocks: as in the tally.
        attention_seconds: simulated seconds of attention.
        speed: steps a second of attention over the person's own pace.
    """

    game: str
    way: str
    fastest: float
    steps: int
    unsafe: int
    catastrophes: int
    catastrophe_rate_upper_95: float
    blocks: int
    needless_blocks: int
    attention_seconds: float
    speed: float


@dataclass
class Paced:
    """The simulated person before a game that a Blocker paces; implements `Overseer`.

    Attributes:
        human: the person; their model's pace is set anew for each proposal.
        advisor: the Blocker's opinion.
        fastest: times the person's own pace, at most.
    """

    human: SimulatedHuman
    advisor: BlockerOverseer
    fastest: float
    _own: float = field(init=False)

    def __post_init__(self) -> None:
        self._own = self.human.model.steps_per_second

    @property
    def attention_seconds(self) -> float:
        """Of the person."""
        return self.human.attention_seconds

    def review(self, proposals: Sequence[Proposal]) -> list[Decision]:
        """See `Overseer.review`."""
        (proposal,) = proposals
        if not proposal.recheck:
            speed = speed_up(self.advisor.hint(proposal), self.fastest)
            # Where the game stops the person looks as long as where it is slowest.
            pace = self._own * (speed if speed > 0 else SLOW)
            self.human.model = replace(self.human.model, steps_per_second=pace)
        return self.human.review(proposals)


def assisted_study(
    settings: AssistedSettings, reporter: Reporter, stop: StopFlag
) -> list[AssistedRow]:
    """Play every Blocker's game in real time and assisted, and say what came of it."""
    rows = _known(settings.out)
    done = {(row.game, row.fastest) for row in rows}
    for path in settings.blockers:
        blocker = Blocker.load(path)
        for fastest in (1.0, *settings.fastest):
            if stop() or (blocker.game, fastest) in done:
                continue
            row = _play(settings, blocker, fastest, reporter, stop)
            if not stop():
                rows.append(row)
                _keep(settings.out, rows)
    if rows:
        reporter.console.print(assisted_table(rows))
    return rows


def _known(out: Path | None) -> list[AssistedRow]:
    """Rows of a file that was begun before.

    Raises:
        RunError: the file is another one.
    """
    if out is None or not out.exists():
        return []
    try:
        return [AssistedRow(**row) for row in json.loads(out.read_text())]
    except (TypeError, ValueError) as error:
        raise RunError(f"{out} holds no rows of this study ({error}); name another file") from None


def _keep(out: Path | None, rows: list[AssistedRow]) -> None:
    if out is not None:
        write_json(out, [asdict(row) for row in rows])


def _play(
    settings: AssistedSettings, blocker: Blocker, fastest: float, reporter: Reporter, stop: StopFlag
) -> AssistedRow:
    game = game_named(blocker.game)
    env = AtariGame(game, AtariSettings(max_agent_steps=settings.segment_steps))
    rng = np.random.default_rng([settings.seed, 2])
    human = SimulatedHuman([env.rule], rng, MODELS[settings.person], safe_twin=game.safe_twin)
    own = human.model.steps_per_second
    assisted = fastest > 1
    overseer = Paced(human, BlockerOverseer(blocker, game), fastest) if assisted else human
    wrapper = OversightWrapper(
        env,
        overseer,
        GateSettings(rewind_steps=settings.rewind_steps, history=history_of(game.name)),
        episode_seed=episode_seed(settings.seed),
    )
    actions = ADVERSARIES[settings.proposer](env, np.random.default_rng([settings.seed, 5]))
    over, played = True, 0
    with reporter.bar(f"{game.title}, at most x{fastest:g}", settings.steps) as bar:
        while played < settings.steps and not stop():
            if over:
                wrapper.reset()
            *_, ended, cut, _ = wrapper.step(next(actions))
            over, played = ended or cut, played + 1
            bar.show(played, f"catastrophes {wrapper.gate.tally.catastrophes}")
    tally = wrapper.gate.tally
    standing = tally.steps - tally.rewound_steps
    caught = tally.catastrophes or 0
    return AssistedRow(
        game=game.name,
        way="assisted" if assisted else "real time",
        fastest=fastest,
        steps=standing,
        unsafe=tally.proposed_catastrophes or 0,
        catastrophes=caught,
        catastrophe_rate_upper_95=upper_bound(caught, standing) if standing else 1.0,
        blocks=tally.blocks,
        needless_blocks=tally.needless_blocks or 0,
        attention_seconds=round(human.attention_seconds, 1),
        speed=round(tally.steps / max(1e-9, human.attention_seconds) / own, 3),
    )


def assisted_table(rows: list[AssistedRow]) -> Table:
    """The rows for a terminal."""
    table = Table(title="The assisted way of working, simulated person", title_justify="left")
    table.add_column("game, at most", no_wrap=True)
    headings = ("steps", "unsafe", "harm", "harm under", "needless", "simulated min", "speed")
    for heading in headings:
        table.add_column(heading, justify="right")
    for row in rows:
        table.add_row(
            f"{row.game}, x{row.fastest:g}",
            number(row.steps),
            number(row.unsafe),
            number(row.catastrophes),
            f"{row.catastrophe_rate_upper_95:.2e}",
            number(row.needless_blocks),
            number(row.attention_seconds / 60, 1),
            f"x{row.speed:.2f}",
        )
    return table
