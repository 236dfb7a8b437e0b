"""Commands of the studies that play, or judge, and count by the truth."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated

import tyro

from experiments.amplified_study import AmplifiedStudySettings, amplified_study
from experiments.assisted_study import AssistedSettings, assisted_study
from experiments.audit import AuditSettings, audit
from experiments.blocker_study import BlockerStudySettings, blocker_study
from experiments.curves_study import CurvesSettings, curves_study
from experiments.fast_settings import FastSettings
from experiments.fast_study import fast_study
from experiments.naming.study import NameSettings, naming_study
from experiments.people_study import PeopleSettings, people_study
from experiments.reporter import Reporter
from experiments.stopping import StopFlag
from experiments.truth_study import TruthSettings, truth_study

__all__ = [
    "Amplified",
    "Assisted",
    "Audit",
    "BlockerStudy",
    "Counted",
    "Curves",
    "Fast",
    "Name",
    "People",
    "Truth",
    "count",
]


@dataclass(frozen=True)
class Audit:
    """Count how a run's Blocker holds against proposers that it has not seen."""

    settings: Annotated[AuditSettings, tyro.conf.OmitArgPrefixes]


@dataclass(frozen=True)
class Truth:
    """Count the catastrophes of each game: nobody overseeing, and the exact truth as overseer."""

    settings: Annotated[TruthSettings, tyro.conf.OmitArgPrefixes]


@dataclass(frozen=True)
class People:
    """Count what the simulated person misses and blocks needlessly, with and without rewind."""

    settings: Annotated[PeopleSettings, tyro.conf.OmitArgPrefixes]


@dataclass(frozen=True)
class BlockerStudy:
    """Train Blockers on a simulated person's labels and count, by the truth, how they hold."""

    settings: Annotated[BlockerStudySettings, tyro.conf.OmitArgPrefixes]


@dataclass(frozen=True)
class Curves:
    """Show what labels buy: errors on a benchmark pack over their number, the paper's beside."""

    settings: Annotated[CurvesSettings, tyro.conf.OmitArgPrefixes]


@dataclass(frozen=True)
class Amplified:
    """Train Blockers on look-ahead's answers about every action, in rounds that close holes."""

    settings: Annotated[AmplifiedStudySettings, tyro.conf.OmitArgPrefixes]


@dataclass(frozen=True)
class Fast:
    """Train for long on several games at once, alone and behind a Blocker; harm counted after."""

    settings: Annotated[FastSettings, tyro.conf.OmitArgPrefixes] = field(
        default_factory=FastSettings
    )


@dataclass(frozen=True)
class Assisted:
    """Count what a Blocker's help saves the simulated person, in attention and in catastrophes."""

    settings: Annotated[AssistedSettings, tyro.conf.OmitArgPrefixes]


@dataclass(frozen=True)
class Name:
    """Name a catastrophe on screens: minutes of a person's word, from which look-ahead goes on."""

    settings: Annotated[NameSettings, tyro.conf.OmitArgPrefixes] = field(
        default_factory=NameSettings
    )


Counted = Audit | Truth | People | Assisted | BlockerStudy | Curves | Amplified | Fast | Name
"""Any of them."""


def count(command: Counted, reporter: Reporter, stop: StopFlag) -> None:
    """Do a study.

    Raises:
        OversightError: it cannot be done as asked.
    """
    if isinstance(command, Audit):
        audit(command.settings.check(), reporter, stop)
    elif isinstance(command, Truth):
        truth_study(command.settings.check(), reporter, stop)
    elif isinstance(command, BlockerStudy):
        blocker_study(command.settings.check(), reporter, stop)
    elif isinstance(command, Curves):
        curves_study(command.settings.check(), reporter, stop)
    elif isinstance(command, Amplified):
        amplified_study(command.settings.check(), reporter, stop)
    elif isinstance(command, Fast):
        fast_study(command.settings.check(), reporter, stop)
    elif isinstance(command, Name):
        naming_study(command.settings.check(), reporter, stop)
    elif isinstance(command, Assisted):
        assisted_study(command.settings.check(), reporter, stop)
    else:
        people_study(command.settings.check(), reporter, stop)
