"""Studies as cells: each turns settings into rows, and one sweep plays them all."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from experiments.studies.alone import STUDY as ALONE
from experiments.studies.forgetting import STUDY as FORGETTING
from experiments.studies.red_team import STUDY as RED_TEAM
from experiments.studies.runs import RUN
from experiments.studies.transfer import STUDY as TRANSFER
from experiments.studies.ways import STUDY as WAYS
from experiments.sweep.study import Study
from oversight import RunError

__all__ = ["STUDIES", "study_named"]

STUDIES: Mapping[str, Study] = MappingProxyType(
    {
        "run": RUN,
        "alone": ALONE,
        "forgetting": FORGETTING,
        "transfer": TRANSFER,
        "red_team": RED_TEAM,
        "ways": WAYS,
    }
)
"""By the name that cells carry."""


def study_named(name: str) -> Study:
    """Look a study up.

    Raises:
        RunError: there is none of that name.
    """
    if name not in STUDIES:
        raise RunError(f"unknown study {name!r}: expected one of {', '.join(STUDIES)}")
    return STUDIES[name]
