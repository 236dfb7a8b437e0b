"""The tables of the intervention log and how the file says what it is."""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    Column,
    Float,
    ForeignKey,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
)

__all__ = [
    "APPLICATION_ID",
    "FORMAT_VERSION",
    "amendments",
    "decisions",
    "episodes",
    "events",
    "frames",
    "metadata",
    "rewinds",
    "run",
]

APPLICATION_ID = 0x4849524C
"""SQLite's `application_id` of our files: the letters HIRL."""
FORMAT_VERSION = 4
"""SQLite's `user_version` of our files; raised whenever a reader has to know. 2: `rewinds`.
3: `frames.base` and `decisions.meant_for`. 4: how a person was shown a step."""

metadata = MetaData()

run = Table(
    "run",
    metadata,
    Column("key", String, primary_key=True),
    Column("value", String, nullable=False),  # JSON
)

episodes = Table(
    "episodes",
    metadata,
    Column("episode", Integer, primary_key=True),
    Column("env_index", Integer, nullable=False),
    Column("seed", Integer),
    Column("phase", String, nullable=False),
    Column("begun_at", Float, nullable=False),  # seconds since 1970, UTC
)

frames = Table(
    "frames",
    metadata,
    Column("frame", Integer, primary_key=True),
    # zstandard of the screen's bytes, or of their XOR with those of the screen `base`.
    Column("data", LargeBinary, nullable=False),
    Column("base", Integer),
)

decisions = Table(
    "decisions",
    metadata,
    Column("step_id", Integer, primary_key=True),
    Column("episode", Integer, ForeignKey("episodes.episode"), nullable=False),
    Column("step", Integer, nullable=False),
    Column("proposed", Integer, nullable=False),
    Column("executed", Integer, nullable=False),
    Column("verdict", String, nullable=False),
    Column("blocked", Boolean, nullable=False),
    Column("no_safe_action", Boolean, nullable=False),
    Column("frame", Integer),
    Column("phase", String, nullable=False),
    Column("source", String, nullable=False),
    Column("reaction_seconds", Float),
    Column("attention_seconds", Float, nullable=False),
    Column("probability", Float),
    Column("game_reward", Float, nullable=False),
    Column("agent_reward", Float, nullable=False),
    Column("terminated", Boolean, nullable=False),
    Column("truncated", Boolean, nullable=False),
    Column("proposed_unsafe", Boolean),
    Column("executed_unsafe", Boolean),
    Column("decided_at", Float, nullable=False),  # seconds since 1970, UTC
    Column("meant_for", Integer),  # the earlier step that a late block was meant for
    # How a person was shown the step; null for all others.
    Column("pace", Float),  # agent steps a second; null where it waited for a key
    Column("speed_up", Float),  # times the person's own pace
    Column("hint", Float),  # the Blocker's probability that was on the screen
    Column("previewed", Boolean),
)

# News about earlier decisions: rows are added, decisions never change.
amendments = Table(
    "amendments",
    metadata,
    Column("amendment", Integer, primary_key=True),
    Column("step_id", Integer, ForeignKey("decisions.step_id"), nullable=False),
    Column("verdict", String, nullable=False),
    Column("author", String, nullable=False),
    Column("reason", String, nullable=False),
    Column("at", Float, nullable=False),  # seconds since 1970, UTC
)

events = Table(
    "events",
    metadata,
    Column("event", Integer, primary_key=True),
    Column("kind", String, nullable=False),
    Column("cause_step", Integer, nullable=False),
    Column("onset_step", Integer, nullable=False),
    Column("avoidable", Boolean, nullable=False),
)

# Decisions that no longer stand: the game was taken back, and the first of them done anew.
rewinds = Table(
    "rewinds",
    metadata,
    Column("step_id", Integer, ForeignKey("decisions.step_id"), primary_key=True),
    Column("redone_by", Integer, ForeignKey("decisions.step_id"), nullable=False),
)
