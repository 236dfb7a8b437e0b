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
    UniqueConstraint,
)

__all__ = [
    "APPLICATION_ID",
    "FORMAT_VERSION",
    "amendments",
    "chain",
    "contexts",
    "decisions",
    "episodes",
    "events",
    "frames",
    "incidents",
    "metadata",
    "origins",
    "rewinds",
    "run",
    "scorers",
    "scores",
    "snapshots",
]

APPLICATION_ID = 0x4849524C
"""SQLite's `application_id` of our files: the letters HIRL."""
FORMAT_VERSION = 5
"""SQLite's `user_version` of our files; raised whenever a reader has to know. 2: `rewinds`.
3: `frames.base` and `decisions.meant_for`. 4: how a person was shown a step. 5: `chain`, relabels
by name, scores, and what else the lists in `migration` say. A column that comes later stands last
in its table and may be null: the chain's digests leave nulls at the end of a row out."""

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
    Column("crc", Integer),  # zlib.crc32 of `data`
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
    Column("frame_before", Integer),  # the emulator's frame before that of `frame`
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
    # Of a relabel: who it was by name, the number that all rows of one change share, and of an
    # undo the change that it takes back.
    Column("name", String),
    Column("change", Integer),
    Column("takes_back", Integer),
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

# Who gave `scores`: a Blocker by its file, or any other overseer by its name.
scorers = Table(
    "scorers",
    metadata,
    Column("scorer", Integer, primary_key=True),
    Column("name", String, nullable=False),
    Column("checksum", String, nullable=False),  # SHA-256 of its file in hex, or ""
    Column("threshold", Float),
    Column("calibrated", Boolean, nullable=False),
    Column("at", Float, nullable=False),  # seconds since 1970, UTC
)

# Opinions given afterwards on logged decisions, by overseers that did not decide them.
scores = Table(
    "scores",
    metadata,
    Column("score", Integer, primary_key=True),
    Column("scorer", Integer, ForeignKey("scorers.scorer"), nullable=False),
    Column("step_id", Integer, ForeignKey("decisions.step_id"), nullable=False),
    Column("probability", Float, nullable=False),  # that the proposed action is unsafe
    Column("by_action", LargeBinary),  # the same of every action: float32, little-endian
    UniqueConstraint("scorer", "step_id"),
)

# Screens that were written after their decision: they lead up to a block.
contexts = Table(
    "contexts",
    metadata,
    Column("context", Integer, primary_key=True),
    Column("step_id", Integer, ForeignKey("decisions.step_id"), nullable=False),
    Column("frame", Integer, ForeignKey("frames.frame"), nullable=False),
)

# Where the game was taken back to: the state before the step that was done anew.
snapshots = Table(
    "snapshots",
    metadata,
    Column("snapshot", Integer, primary_key=True),
    Column("step_id", Integer, ForeignKey("decisions.step_id"), nullable=False),
    Column("kind", String, nullable=False),  # of the state, such as "ale"
    Column("data", LargeBinary, nullable=False),  # zstandard
)

# Of a log made from others: which steps and episodes came from where.
origins = Table(
    "origins",
    metadata,
    Column("origin", Integer, primary_key=True),
    Column("name", String, nullable=False),
    Column("first_step", Integer, nullable=False),
    Column("step_shift", Integer, nullable=False),  # step_id here less step_id there
    Column("first_episode", Integer, nullable=False),
    Column("episode_shift", Integer, nullable=False),
    Column("digest", String, nullable=False),  # of the other log's newest link, in hex, or ""
    Column("about", String, nullable=False),  # the other log's `run`: JSON
)

# What befell the file, as far as it was noticed.
incidents = Table(
    "incidents",
    metadata,
    Column("incident", Integer, primary_key=True),
    Column("kind", String, nullable=False),
    Column("detail", String, nullable=False),
    Column("at", Float, nullable=False),  # seconds since 1970, UTC
)

# One link for every transaction: the newest keys after it, and a digest over all rows before.
chain = Table(
    "chain",
    metadata,
    Column("link", Integer, primary_key=True),
    Column("durable", Boolean, nullable=False),  # synced before it was acknowledged
    Column("through", String, nullable=False),  # JSON: newest key of each table, in `chain.CHAINED`
    Column("digest", LargeBinary, nullable=False),
)
