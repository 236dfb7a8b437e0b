"""What the run and the window say to each other: plain data, no sockets, no pygame.

window -> run   Hello, Present, Answer, GoBack, Amend, Ask, Heartbeat, Bye
run -> window   Welcome, Refused, Begin, Show, Status, Film, HeatMap, Heartbeat, Bye
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from oversight.game import Game
from oversight.types import Hint, Tally, Verdict, Viewing
from oversight_ui.so_far import SoFar

__all__ = [
    "PROTOCOL",
    "Amend",
    "Answer",
    "Ask",
    "Begin",
    "Bye",
    "Film",
    "GoBack",
    "Heartbeat",
    "HeatMap",
    "Hello",
    "Look",
    "Message",
    "Pixels",
    "Present",
    "Refused",
    "Scene",
    "Show",
    "Status",
    "Welcome",
]

PROTOCOL = 4
"""Version of these messages; both sides must speak the same."""


@dataclass(frozen=True, slots=True)
class Pixels:
    """A picture: rows from the top, three bytes (red, green, blue) a pixel.

    Raises:
        ValueError: the number of bytes does not fit the size.
    """

    height: int
    width: int
    data: bytes

    def __post_init__(self) -> None:
        expected = self.height * self.width * 3
        if min(self.height, self.width) < 1 or len(self.data) != expected:
            raise ValueError(
                f"expected {expected} bytes for {self.height}x{self.width} pixels,"
                f" got {len(self.data)}"
            )

    @classmethod
    def of(cls, rgb: NDArray[np.uint8]) -> Pixels:
        """Copy a picture of shape (height, width, 3), uint8.

        Raises:
            ValueError: another shape or dtype.
        """
        if rgb.ndim != 3 or rgb.shape[2] != 3 or rgb.dtype != np.uint8:
            raise ValueError(f"expected uint8 of (height, width, 3), got {rgb.dtype} {rgb.shape}")
        return cls(int(rgb.shape[0]), int(rgb.shape[1]), rgb.tobytes())

    def array(self) -> NDArray[np.uint8]:
        """The picture as read-only uint8 of shape (height, width, 3)."""
        flat = np.frombuffer(self.data, dtype=np.uint8)
        return flat.reshape(self.height, self.width, 3)


@dataclass(frozen=True, slots=True)
class Scene:
    """One proposal as the window needs it; most fields are those of `oversight.Proposal`.

    Attributes:
        redoes: the earlier step that this one takes the place of, if the person went back.
        standing: a line on how far the Blocker in training is from ready; empty without one.
    """

    step_id: int
    episode: int
    step: int
    action: int
    tally: Tally
    recorded_through: int
    hint: Hint | None
    pixels: Pixels
    reach: tuple[int, ...] = ()
    redoes: int | None = None
    standing: str = ""


@dataclass(frozen=True, slots=True)
class Hello:
    """The window introduces itself."""

    protocol: int
    pid: int


@dataclass(frozen=True, slots=True)
class Welcome:
    """The run takes the window on and tells it the game.

    Attributes:
        opening: a screen of the game, to explain the task by.
        so_far: what earlier windows of this run have seen done.
    """

    protocol: int
    game: Game
    opening: Pixels | None = None
    so_far: SoFar = field(default_factory=SoFar)


@dataclass(frozen=True, slots=True)
class Refused:
    """The run does not take the window on; one line says why."""

    reason: str


@dataclass(frozen=True, slots=True)
class Begin:
    """Ask at the start screen whether somebody is there, for `seconds`."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Present:
    """Whether somebody pressed a key at the start screen before its time was over."""

    here: bool


@dataclass(frozen=True, slots=True)
class Show:
    """A proposal to be judged; `serial` counts the questions, from 0, and is never used twice."""

    serial: int
    phase: str
    scene: Scene


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to the `Show` of the same serial; the fields are as in `oversight.Decision`."""

    serial: int
    step_id: int
    verdict: Verdict
    reaction_seconds: float | None
    attention_seconds: float
    viewing: Viewing
    replacement: int | None = None
    meant_for: int | None = None
    ends_episode: bool = False


@dataclass(frozen=True, slots=True)
class GoBack:
    """In place of an answer: take the game back to that earlier step and show it again."""

    serial: int
    step_id: int


@dataclass(frozen=True, slots=True)
class Amend:
    """Later news about an earlier step; the game is not taken back."""

    step_id: int
    verdict: Verdict
    reason: str


class Look(StrEnum):
    """What the window can ask to see of the step shown."""

    PREVIEW = "preview"
    HEAT = "heat"


@dataclass(frozen=True, slots=True)
class Ask:
    """Show me more of the step of that serial."""

    serial: int
    look: Look


@dataclass(frozen=True, slots=True)
class Film:
    """The next second, if the step is allowed and if it is blocked; empty where it is not known.

    Attributes:
        serial: of the step.
        replacement: what would be done if it is blocked.
        seconds: how long it takes in the game.
        allowed, blocked: one picture an agent step.
    """

    serial: int
    replacement: int
    seconds: float
    allowed: tuple[Pixels, ...]
    blocked: tuple[Pixels, ...]


@dataclass(frozen=True, slots=True)
class HeatMap:
    """Where the Blocker looks: one byte a pixel of the game's screen, 255 the most.

    Raises:
        ValueError: the number of bytes does not fit the size.
    """

    serial: int
    height: int
    width: int
    data: bytes

    def __post_init__(self) -> None:
        if len(self.data) != self.height * self.width:
            raise ValueError(
                f"expected {self.height * self.width} bytes of heat, got {len(self.data)}"
            )


@dataclass(frozen=True, slots=True)
class Status:
    """Something to draw that needs no answer.

    Attributes:
        phase: name of the phase of the run.
        banner: one line for the person, such as who oversees; may be empty.
        spectating: another overseer judges, the person only watches.
        scene: what was proposed, if a step is to be drawn.
        verdict: what the other overseer decided about it.
    """

    phase: str
    banner: str
    spectating: bool
    scene: Scene | None = None
    verdict: Verdict | None = None


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """The run asks "are you there", the window sends the same number back.

    Attributes:
        number: of the question.
        frames: pictures that the window has drawn so far.
    """

    number: int
    frames: int = 0


@dataclass(frozen=True, slots=True)
class Bye:
    """The sender ends the link; one line says why.

    Attributes:
        reason: the line.
        final: from the window: the person ends the oversight; otherwise the run may wait for
            another window.
    """

    reason: str
    final: bool = False


Message = (
    Hello
    | Welcome
    | Refused
    | Begin
    | Present
    | Show
    | Answer
    | GoBack
    | Amend
    | Ask
    | Film
    | HeatMap
    | Status
    | Heartbeat
    | Bye
)
