"""Logs in other formats: Minari data sets and Parquet files, out of a log and into a new one."""

from __future__ import annotations

from oversight.exchange.minari import from_minari, to_minari
from oversight.exchange.parquet import from_parquet, to_parquet

__all__ = ["from_minari", "from_parquet", "to_minari", "to_parquet"]
