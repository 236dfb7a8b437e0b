"""What a log says of itself."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import metadata

__all__ = ["LogMeta", "package_versions"]

PACKAGES = ("hirl", "ale-py", "gymnasium", "numpy", "stable-baselines3", "torch")
"""Distributions whose versions a run depends on."""


def package_versions() -> dict[str, str]:
    """Versions of Python and of the packages that a run depends on, by distribution name."""
    versions = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            versions[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            versions[package] = "not installed"
    return versions


@dataclass(frozen=True, slots=True)
class LogMeta:
    """What has to be known to use a log without the program that wrote it.

    Attributes:
        game: name of the game or environment.
        actions: names of the actions, by number.
        screen_shape: shape of one screen.
        screen_dtype: NumPy's name of its type.
        catastrophe: name of the catastrophe.
        seed: of the run.
        gate: the gate's settings, by name.
        environment: the environment's settings, by name.
        versions: of Python and packages.
    """

    game: str
    actions: tuple[str, ...]
    screen_shape: tuple[int, ...]
    screen_dtype: str
    catastrophe: str
    seed: int | None = None
    gate: Mapping[str, str | int | float | bool | None] = field(default_factory=dict)
    environment: Mapping[str, str | int | float | bool | None] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=package_versions)
