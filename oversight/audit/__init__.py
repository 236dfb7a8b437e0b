"""What each logged decision was in truth: misses, false alarms, and where in the game they lie."""

from __future__ import annotations

from oversight.audit.counts import Counts, counted_groups
from oversight.audit.judged import Judged, Outcome
from oversight.audit.report import audit_tables, write_audit
from oversight.audit.run import Audit, Basis, audit_log

__all__ = [
    "Audit",
    "Basis",
    "Counts",
    "Judged",
    "Outcome",
    "audit_log",
    "audit_tables",
    "counted_groups",
    "write_audit",
]
