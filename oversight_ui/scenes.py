"""What the window is shown of a proposal, and where more of it comes from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from oversight.types import Proposal, Screen
from oversight_ui.messages import Film, HeatMap, Pixels, Scene

__all__ = ["Heat", "Looks", "Preview", "ToRgb", "scene_of"]

ToRgb = Callable[[Screen], NDArray[np.uint8]]
"""Turns a screen as overseers get it into uint8 RGB of shape (height, width, 3)."""

Preview = Callable[[Proposal, Sequence[int]], Sequence[Sequence[Screen]]]
"""From a proposal and some actions to the screens of the next second under each of them."""
Heat = Callable[[Proposal], NDArray[np.float32] | None]
"""Where a Blocker looks: float32 (height, width) of the screen, in [0, 1]; None without one."""

_SHOWN_PICTURES = 31
"""A picture an agent step for a second; never more than fit a message."""


def scene_of(
    proposal: Proposal, to_rgb: ToRgb, *, redoes: int | None = None, standing: str = ""
) -> Scene:
    """One proposal as the window needs it."""
    return Scene(
        step_id=proposal.step_id,
        episode=proposal.episode,
        step=proposal.step,
        action=proposal.action,
        tally=proposal.tally,
        recorded_through=proposal.recorded_through,
        hint=proposal.hint,
        pixels=Pixels.of(to_rgb(proposal.screens[-1])),
        reach=proposal.reach,
        redoes=redoes,
        standing=standing,
    )


@dataclass(frozen=True)
class Looks:
    """Answers what the window asks about the step shown; made where game and Blocker are known.

    Attributes:
        preview: plays the next second; None if that cannot be done.
        heat: where the Blocker looks; None without a Blocker.
        standing: a line on how far the Blocker in training is from ready.
        seconds: how long a preview takes in the game.
    """

    preview: Preview | None = None
    heat: Heat | None = None
    standing: Callable[[], str] = str
    seconds: float = 1.0

    def film(self, serial: int, proposal: Proposal, instead: int, to_rgb: ToRgb) -> Film:
        """The next second if the action is allowed and if `instead` is done."""
        if self.preview is None:
            return Film(serial, instead, self.seconds, (), ())
        allowed, blocked = (
            tuple(Pixels.of(to_rgb(screen)) for screen in screens[:_SHOWN_PICTURES])
            for screens in self.preview(proposal, (proposal.action, instead))
        )
        return Film(serial, instead, self.seconds, allowed, blocked)

    def heat_map(self, serial: int, proposal: Proposal) -> HeatMap:
        """Where the Blocker looks; a map of size 0 without one."""
        heat = None if self.heat is None else self.heat(proposal)
        if heat is None:
            return HeatMap(serial, 0, 0, b"")
        levels = np.clip(heat * 255, 0, 255).astype(np.uint8)
        return HeatMap(serial, heat.shape[0], heat.shape[1], levels.tobytes())
