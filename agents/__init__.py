"""Agents that learn behind the gate, and simple policies to audit it with."""

from agents.behind import LearningBehind
from agents.build import make_agent
from agents.checkpoint import CHECKPOINT_VERSION, export_agent_zip, load, save, was_kept
from agents.double_dqn import DoubleDQN
from agents.fast_env import FastVecEnv
from agents.frame_replay import FrameReplayBuffer
from agents.learn_step import LearnStep
from agents.learning import learn
from agents.others import (
    load_policy_agent,
    make_policy_agent,
    policy_agent_was_kept,
    save_policy_agent,
)
from agents.proposers import (
    AgentProposer,
    ConstantProposer,
    HeldRandomProposer,
    Proposer,
    RandomProposer,
)
from agents.replay import OverseenReplayBuffer
from agents.settings import Credit, DoubleDQNSettings, Precision, epsilon_at
from agents.targets import double_q_target
from agents.training_types import Algorithm
from agents.vec_env import OversightVecEnv, remote_of_vec_env
from agents.vector_replay import VectorFrameReplay

__all__ = [
    "CHECKPOINT_VERSION",
    "AgentProposer",
    "Algorithm",
    "ConstantProposer",
    "Credit",
    "DoubleDQN",
    "DoubleDQNSettings",
    "FastVecEnv",
    "FrameReplayBuffer",
    "HeldRandomProposer",
    "LearnStep",
    "LearningBehind",
    "OverseenReplayBuffer",
    "OversightVecEnv",
    "Precision",
    "Proposer",
    "RandomProposer",
    "VectorFrameReplay",
    "double_q_target",
    "epsilon_at",
    "export_agent_zip",
    "learn",
    "load",
    "load_policy_agent",
    "make_agent",
    "make_policy_agent",
    "policy_agent_was_kept",
    "remote_of_vec_env",
    "save",
    "save_policy_agent",
    "was_kept",
]
