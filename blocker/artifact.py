"""A trained Blocker with all that belongs to it, as one safetensors file."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from scipy.special import expit
from torch import Tensor

from blocker.errors import BlockerFileError
from blocker.inputs import InputSpec
from blocker.network import BlockerNetwork
from blocker.novelty import Novelty, disagreement
from blocker.pictures import PictureJudge, PictureNetwork
from blocker.readiness import Readiness
from blocker.sight import NetworkSpec
from blocker.swift import SwiftJudge
from oversight.errors import BlockerMismatch

__all__ = ["FORMAT_VERSION", "Blocker", "write_whole"]

FORMAT_VERSION = 5
_FORMAT = "hirl-blocker"


@dataclass(frozen=True)
class Blocker:
    """A network with its threshold, and what it was made for.

    Attributes:
        network: in evaluation mode; not to be changed any more.
        shape: the network's shape.
        spec: how screens are prepared.
        threshold: from this probability on an action is blocked.
        game: name of the game.
        actions: names of its actions, in the order of their numbers.
        gate: settings of the gate that the labels came from.
        readiness: the verdict on unseen episodes; None if it was not assessed.
        novelty: what is familiar to it; None if nothing is watched for.
    """

    network: BlockerNetwork | PictureNetwork
    shape: NetworkSpec
    spec: InputSpec
    threshold: float
    game: str
    actions: tuple[str, ...]
    gate: Mapping[str, object] = field(default_factory=dict)
    readiness: Readiness | None = None
    novelty: Novelty | None = None

    def __post_init__(self) -> None:
        if not 0.0 <= self.threshold <= 1.0 + 1e-9:
            raise ValueError(f"expected a threshold in [0, 1], got {self.threshold}")

    def probabilities(self, screens: Tensor, previous: Tensor) -> Tensor:
        """Probability that each action is unsafe: float32 (B, n_actions).

        Args:
            screens: uint8 (B, k, planes, h, w), prepared by `spec`.
            previous: int64 (B,), action executed before, -1 for none known.
        """
        logits = self._judge.of_prepared(screens.numpy(), previous.numpy())
        return torch.sigmoid(torch.from_numpy(logits.mean(axis=0)))

    @cached_property
    def _judge(self) -> SwiftJudge | PictureJudge:
        if isinstance(self.network, PictureNetwork):
            return PictureJudge(self.network)
        return SwiftJudge(self.network)

    def score(
        self, screens: Sequence[NDArray[np.generic]], previous: NDArray[np.int64]
    ) -> NDArray[np.float32]:
        """Calibrated probability that each action is unsafe: float32 (B, n_actions).

        An action is blocked from `threshold` on.

        Args:
            screens: of each of B states uint8 (k, 210, 160), palette indices of consecutive agent
                steps, oldest first, the current one last; k is `spec.history` or more.
            previous: int64 (B,), action executed before, -1 for none known.

        Raises:
            ValueError: too few screens, or another shape or dtype.
        """
        _, logits = self._judge.of_screens(screens, previous)
        return np.asarray(expit(logits.mean(axis=0)), dtype=np.float32)

    def unfamiliar(
        self, screens: Sequence[NDArray[np.generic]], previous: NDArray[np.int64]
    ) -> NDArray[np.bool_]:
        """Which actions cannot be judged by what was learned: bool (B, n_actions).

        What is seen is too far from what was learned from, or the members disagree. False where
        nothing is watched for. Arguments and errors as in `score`.
        """
        if self.novelty is None:
            return np.zeros((len(screens), len(self.actions)), dtype=np.bool_)
        told, logits = self._judge.of_screens(screens, previous)
        far = self.novelty.distance(told) > self.novelty.distance_limit
        apart = disagreement(logits.astype(np.float64)) > self.novelty.disagreement_limit
        return np.asarray(far[:, None] | apart)

    def require(self, game: str, actions: Sequence[str]) -> None:
        """Make sure that this Blocker is for that game and those actions.

        Raises:
            BlockerMismatch: it is not; the message says what it is for.
        """
        if game != self.game:
            raise BlockerMismatch(
                f"expected a Blocker for {game}, got one for {self.game}: train one on a log of "
                f"{game}"
            )
        if tuple(actions) != self.actions:
            raise BlockerMismatch(
                f"expected a Blocker for the actions {', '.join(actions)}, got one for "
                f"{', '.join(self.actions)}: train one on a log with the same action set"
            )

    def save(self, path: Path) -> None:
        """Write the file; an older one is replaced only when the new one is complete.

        Raises:
            BlockerFileError: the place cannot be written.
        """
        tensors = {k: v.contiguous() for k, v in self.network.state_dict().items()}
        content = save(tensors, metadata={"format": _FORMAT, "blocker": json.dumps(self._about())})
        try:
            write_whole(path, content)
        except OSError as error:
            raise BlockerFileError(
                f"cannot write the Blocker to {path}: {error.strerror or error}"
            ) from error

    def _about(self) -> dict[str, object]:
        return {
            "format_version": FORMAT_VERSION,
            "game": self.game,
            "actions": list(self.actions),
            "threshold": self.threshold,
            "input": self.spec.as_dict(),
            "network": self.shape.as_dict(),
            "gate": dict(self.gate),
            "readiness": None if self.readiness is None else self.readiness.as_dict(),
            "novelty": None if self.novelty is None else self.novelty.as_dict(),
        }

    @classmethod
    def load(cls, path: Path) -> Blocker:
        """Read a Blocker's file.

        Raises:
            BlockerFileError: it is missing, not a Blocker, damaged, or of another version.
        """
        if not path.is_file():
            raise BlockerFileError(
                f"no Blocker at {path}: expected a file made by 'python -m blocker train'"
            )
        try:
            with safe_open(path, framework="pt") as file:
                metadata = file.metadata() or {}
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        except (SafetensorError, OSError) as error:
            raise BlockerFileError(
                f"{path} is not a Blocker: expected a safetensors file ({error})"
            ) from error
        return _restored(path, metadata, tensors)


def write_whole(path: Path, content: bytes) -> None:
    """Write a file, or leave the older one as it was.

    Raises:
        OSError: the place cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _restored(path: Path, metadata: Mapping[str, str], tensors: dict[str, Tensor]) -> Blocker:
    if metadata.get("format") != _FORMAT:
        raise BlockerFileError(
            f"{path} is not a Blocker: a safetensors file of another kind; expected one made by "
            "'python -m blocker train'"
        )
    try:
        about = json.loads(metadata["blocker"])
        version = about["format_version"]
        if version != FORMAT_VERSION:
            raise BlockerFileError(
                f"{path}: expected Blocker format version {FORMAT_VERSION}, got {version}: train "
                "it again from its log"
            )
        return _built(about, tensors)
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        raise BlockerFileError(
            f"{path} is damaged: its description and its weights do not fit ({_line(error)}); "
            "train it again from its log"
        ) from error


def _built(about: Mapping[str, object], tensors: dict[str, Tensor]) -> Blocker:
    spec = InputSpec.from_dict(_mapping(about["input"]))
    shape = NetworkSpec.from_dict(_mapping(about["network"]))
    names = about["actions"]
    if not isinstance(names, list):
        raise TypeError(f"expected a list of actions, got {names!r}")
    actions = tuple(str(name) for name in names)
    kind = PictureNetwork if shape.closeups else BlockerNetwork
    network = kind(actions, spec, shape)
    network.load_state_dict(tensors)
    network.eval()
    verdict, novelty = about["readiness"], about["novelty"]
    return Blocker(
        network=network,
        shape=shape,
        spec=spec,
        threshold=float(str(about["threshold"])),
        game=str(about["game"]),
        actions=actions,
        gate=_mapping(about["gate"]),
        readiness=None if verdict is None else Readiness.from_dict(_mapping(verdict)),  # type: ignore[arg-type]
        novelty=None if novelty is None else Novelty.from_dict(_mapping(novelty)),
    )


def _mapping(value: object) -> dict[str, object]:
    if not isinstance(value, dict):
        raise TypeError(f"expected a table of names and values, got {value!r}")
    return {str(key): item for key, item in value.items()}


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:120]
