"""The run directory: one folder that holds all of a run, and from which it can go on."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from pathlib import Path

from experiments.settings import RunSettings
from oversight import RunError
from oversight.log import package_versions

__all__ = ["RunDirectory", "RunState", "Stage", "write_json"]


class Stage(StrEnum):
    """How far a run has come."""

    OVERSIGHT = "oversight"
    TRAINING = "training"
    BLOCKER = "blocker"
    DONE = "done"


@dataclass(frozen=True)
class RunState:
    """What a run has to remember beyond its log.

    Attributes:
        stage: what it is at.
        overseer: who oversees the first phase, once it is known.
        wall_seconds: spent so far, over all sittings.
        handover: why the Blocker took over: "ready", or "explicit choice"; None before.
        readiness: the verdict in words; None before.
        looks: how often readiness was looked at.
        learned_steps: agent steps that the agent has learned in; None until a phase has ended.
    """

    stage: Stage = Stage.OVERSIGHT
    overseer: str | None = None
    wall_seconds: float = 0.0
    handover: str | None = None
    readiness: str | None = None
    looks: int = 0
    learned_steps: int | None = None


@dataclass(frozen=True)
class RunDirectory:
    """Where everything of a run is.

    Attributes:
        path: the folder.
    """

    path: Path

    @classmethod
    def create(cls, path: Path, settings: RunSettings) -> RunDirectory:
        """Make a new run directory with its configuration.

        Raises:
            RunError: it exists already or cannot be made.
        """
        try:
            path.mkdir(parents=True)
        except FileExistsError:
            raise RunError(
                f"{path} exists already: choose another --out, or go on with --resume {path}"
            ) from None
        except OSError as error:
            raise RunError(f"{path} cannot be made: {error.strerror}") from None
        run = cls(path)
        write_json(path / "config.json", settings.as_json())
        write_json(path / "versions.json", package_versions())
        run.remember(RunState())
        return run

    @classmethod
    def open(cls, path: Path) -> RunDirectory:
        """Open a run directory to go on.

        Raises:
            RunError: it is not one.
        """
        if not (path / "config.json").is_file():
            raise RunError(f"{path} is not a run directory: expected a config.json in it")
        return cls(path)

    @property
    def log(self) -> Path:
        """The intervention log."""
        return self.path / "log.sqlite"

    @property
    def blocker(self) -> Path:
        """The trained Blocker."""
        return self.path / "blocker.safetensors"

    @property
    def agent(self) -> Path:
        """The agent's checkpoint, a folder."""
        return self.path / "agent"

    @property
    def ages(self) -> Path:
        """The agent's weights as they were at some ages, a folder."""
        return self.path / "ages"

    @property
    def agent_zip(self) -> Path:
        """The agent for other tools."""
        return self.path / "agent.zip"

    @property
    def tensorboard(self) -> Path:
        """TensorBoard's event files, a folder."""
        return self.path / "tensorboard"

    @property
    def summary(self) -> Path:
        """The figures of the run."""
        return self.path / "summary.json"

    @property
    def metrics(self) -> Path:
        """Counts over steps."""
        return self.path / "metrics.csv"

    @property
    def overview(self) -> Path:
        """The picture of the run."""
        return self.path / "overview.png"

    @property
    def video(self) -> Path:
        """Clips of both phases."""
        return self.path / "blocks.mp4"

    def settings(self) -> RunSettings:
        """The settings that the run was made with.

        Raises:
            RunError: they cannot be read.
        """
        return RunSettings.from_json(_read_json(self.path / "config.json"))

    def reconfigure(self, settings: RunSettings) -> None:
        """Keep other settings, whole or not at all; a run that was done goes on."""
        write_json(self.path / "config.json", settings.as_json())
        state = self.state()
        if state.stage is Stage.DONE:
            self.remember(replace(state, stage=Stage.BLOCKER))

    def state(self) -> RunState:
        """How far the run has come.

        Raises:
            RunError: it cannot be read.
        """
        values = _read_json(self.path / "state.json")
        try:
            return RunState(**{**values, "stage": Stage(str(values["stage"]))})  # type: ignore[arg-type]
        except (KeyError, TypeError, ValueError) as error:
            raise RunError(f"{self.path / 'state.json'} cannot be used: {error}") from None

    def remember(self, state: RunState) -> None:
        """Keep how far the run has come, whole or not at all."""
        write_json(self.path / "state.json", asdict(state))


def write_json(path: Path, values: object) -> None:
    """Write JSON so that a kill leaves the old file or the new one.

    Raises:
        RunError: it cannot be written.
    """
    beside = path.with_name(path.name + ".new")
    try:
        with beside.open("w", encoding="utf-8") as file:
            json.dump(values, file, indent=2)
            file.write("\n")
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except OSError as error:
        raise RunError(
            f"{path} cannot be written: {error.strerror}; make room, then resume"
        ) from None


def _read_json(path: Path) -> dict[str, object]:
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise RunError(f"{path} cannot be read: {error}") from None
    if not isinstance(values, dict):
        raise RunError(f"{path}: expected a JSON object, got {type(values).__name__}")
    return values
