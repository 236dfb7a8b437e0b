"""The intervention log: one SQLite file that keeps every decision."""

from __future__ import annotations

from oversight.log.meta import LogMeta, package_versions
from oversight.log.store import InterventionLog
from oversight.log.table import SAFE, UNKNOWN, UNSAFE, UNSURE, StepTable

__all__ = [
    "SAFE",
    "UNKNOWN",
    "UNSAFE",
    "UNSURE",
    "InterventionLog",
    "LogMeta",
    "StepTable",
    "package_versions",
]
