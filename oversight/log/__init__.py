"""The intervention log: one SQLite file that keeps every decision."""

from __future__ import annotations

from oversight.log.annotator import Change, LogAnnotator
from oversight.log.episodes import LoggedEpisode
from oversight.log.keeping import CONTEXT, Keep
from oversight.log.meta import LogMeta, package_versions
from oversight.log.reader import LogReader
from oversight.log.scores import Scorer, Scores
from oversight.log.store import InterventionLog
from oversight.log.table import SAFE, UNKNOWN, UNSAFE, UNSURE, StepTable
from oversight.log.tail import Amended, LogTail, News
from oversight.log.words import Word

__all__ = [
    "CONTEXT",
    "SAFE",
    "UNKNOWN",
    "UNSAFE",
    "UNSURE",
    "Amended",
    "Change",
    "InterventionLog",
    "Keep",
    "LogAnnotator",
    "LogMeta",
    "LogReader",
    "LogTail",
    "LoggedEpisode",
    "News",
    "Scorer",
    "Scores",
    "StepTable",
    "Word",
    "package_versions",
]
