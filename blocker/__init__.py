"""The Blocker: a network that learns from an intervention log to judge as its overseer did."""

from __future__ import annotations

from blocker.artifact import FORMAT_VERSION, Blocker
from blocker.dataset import BlockerDataset, Examples, LabelledLog, examples_from_logs
from blocker.errors import BlockerFileError, NotLearned
from blocker.fitting import Fitted, fit_blocker, fit_examples
from blocker.inputs import InputSpec
from blocker.judging import judged
from blocker.member_fit import passes_at_most
from blocker.metrics import Scores
from blocker.network import BlockerNetwork
from blocker.overseer import BlockerOverseer
from blocker.presets import PRESETS, Preset, input_for, preset_for
from blocker.readiness import Readiness, assess
from blocker.sight import NetworkSpec
from blocker.splitting import Split, split_by_episode
from blocker.threshold import ThresholdRule, choose_threshold, upper_bound
from blocker.training import Trained, train
from blocker.training_types import Epoch, TrainingReport, TrainingSettings

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
    "Preset",
    "Readiness",
    "Scores",
    "Split",
    "ThresholdRule",
    "Trained",
    "TrainingReport",
    "TrainingSettings",
    "assess",
    "choose_threshold",
    "examples_from_logs",
    "fit_blocker",
    "fit_examples",
    "input_for",
    "judged",
    "passes_at_most",
    "preset_for",
    "split_by_episode",
    "train",
    "upper_bound",
]
