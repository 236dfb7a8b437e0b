"""Human oversight of reinforcement learning: overseers, the gate, the log, and the truth."""

from __future__ import annotations

from oversight.atari import AtariGame, AtariSettings, AtariSnapshot
from oversight.errors import (
    BlockerMismatch,
    InvalidDecision,
    LinkError,
    LogCorrupted,
    LogError,
    LogVersionMismatch,
    OverseerGone,
    OversightError,
    RunError,
)
from oversight.fast import FastAtari
from oversight.game import Game, Threats, Zone
from oversight.games import GAMES, entry_of, game_named
from oversight.gate import Gate, Outcome, Settled
from oversight.log import InterventionLog, LogAnnotator, LogMeta, StepTable
from oversight.oracle import OracleOverseer
from oversight.overseer import AllowAll, Overseer, ScriptedOverseer
from oversight.palette import PALETTE_GREY, PALETTE_RGB, to_grey, to_rgb
from oversight.remote import Answering, Remote, following_seed
from oversight.rewards import agent_reward
from oversight.settings import GateSettings, Mode, RewardRule
from oversight.simulated import MODELS, HumanModel, SimulatedHuman
from oversight.sink import NullSink, StepSink
from oversight.tape import Tape, count_truth
from oversight.truth import TruthProbe
from oversight.types import (
    Amendment,
    Decision,
    Event,
    Hint,
    Proposal,
    Rewind,
    Screen,
    Snapshot,
    Source,
    StepRecord,
    Tally,
    Verdict,
)
from oversight.vector import OversightVectorWrapper, remote_of
from oversight.wrapper import OversightWrapper

__all__ = [
    "GAMES",
    "MODELS",
    "PALETTE_GREY",
    "PALETTE_RGB",
    "AllowAll",
    "Amendment",
    "Answering",
    "AtariGame",
    "AtariSettings",
    "AtariSnapshot",
    "BlockerMismatch",
    "Decision",
    "Event",
    "FastAtari",
    "Game",
    "Gate",
    "GateSettings",
    "Hint",
    "HumanModel",
    "InterventionLog",
    "InvalidDecision",
    "LinkError",
    "LogAnnotator",
    "LogCorrupted",
    "LogError",
    "LogMeta",
    "LogVersionMismatch",
    "Mode",
    "NullSink",
    "OracleOverseer",
    "Outcome",
    "Overseer",
    "OverseerGone",
    "OversightError",
    "OversightVectorWrapper",
    "OversightWrapper",
    "Proposal",
    "Remote",
    "RewardRule",
    "Rewind",
    "RunError",
    "Screen",
    "ScriptedOverseer",
    "Settled",
    "SimulatedHuman",
    "Snapshot",
    "Source",
    "StepRecord",
    "StepSink",
    "StepTable",
    "Tally",
    "Tape",
    "Threats",
    "TruthProbe",
    "Verdict",
    "Zone",
    "agent_reward",
    "count_truth",
    "entry_of",
    "following_seed",
    "game_named",
    "remote_of",
    "to_grey",
    "to_rgb",
]
