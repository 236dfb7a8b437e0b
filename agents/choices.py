"""What a training is chosen from: what learns, how the game is run, who oversees."""

from __future__ import annotations

from enum import StrEnum

__all__ = ["Algorithm", "Watch", "Way"]


class Algorithm(StrEnum):
    """What learns."""

    DOUBLE_DQN = "double_dqn"
    """This package's own, on SB3."""
    DQN = "dqn"
    """SB3's own DQN as it is, with Double DQN's numbers: the reference, to compare with."""
    A2C = "a2c"
    """SB3's advantage actor-critic: the synchronous form of the paper's A3C."""
    PPO = "ppo"
    """SB3's proximal policy optimisation."""
    RECURRENT_PPO = "recurrent_ppo"
    """sb3-contrib's PPO with an LSTM: the stand-in for the paper's A3C-LSTM."""


class Way(StrEnum):
    """How the game is run."""

    TRUTH = "truth"
    """Every step judged by the emulator's truth as it is made."""
    FAST = "fast"
    """ale-py's threads; the truth is counted afterwards from the tape of seeds and actions."""


class Watch(StrEnum):
    """Who oversees."""

    NOBODY = "nobody"
    """Everything is approved."""
    ORACLE = "oracle"
    """The emulator's exact truth; only in the way `truth`."""
