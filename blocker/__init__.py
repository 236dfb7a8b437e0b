"""The Blocker: a network that learns from an intervention log to judge as its overseer did."""

from __future__ import annotations

from blocker.artifact import FORMAT_VERSION, Blocker
from blocker.dataset import (
    BlockerDataset,
    Examples,
    LabelledLog,
    Split,
    examples_from_logs,
    split_by_episode,
)
from blocker.errors import BlockerFileError, NotLearned
from blocker.fitting import Fitted, fit_blocker, fit_examples
from blocker.inputs import PRESETS, InputSpec, input_for
from blocker.metrics import Scores
from blocker.network import BlockerNetwork, NetworkSpec
from blocker.overseer import BlockerOverseer
from blocker.readiness import Readiness, assess
from blocker.threshold import ThresholdRule, choose_threshold, upper_bound
from blocker.training import Epoch, TrainingReport, TrainingSettings, judged, train

__all__ = [
    "FORMAT_VERSION",
    "PRESETS",
    "Blocker",
    "BlockerDataset",
    "BlockerFileError",
    "BlockerNetwork",
    "BlockerOverseer",
    "Epoch",
    "Examples",
    "Fitted",
    "InputSpec",
    "LabelledLog",
    "NetworkSpec",
    "NotLearned",
    "Readiness",
    "Scores",
    "Split",
    "ThresholdRule",
    "TrainingReport",
    "TrainingSettings",
    "assess",
    "choose_threshold",
    "examples_from_logs",
    "fit_blocker",
    "fit_examples",
    "input_for",
    "judged",
    "split_by_episode",
    "train",
    "upper_bound",
]
