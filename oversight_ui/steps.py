"""The steps of a session: the one that waits for an answer, and those that were answered."""

from __future__ import annotations

from dataclasses import dataclass

from oversight.types import Hint, Verdict

__all__ = ["Past", "Pending"]


@dataclass(frozen=True, slots=True)
class Pending:
    """The step that waits for an answer.

    Attributes:
        shown_at: when it was first on the screen; reaction times count from here.
        clock_from: its time to be approved by silence counts from here.
        attention: seconds it has held the person's attention, stops excluded.
        stepped: it appeared during a pause, so its attention counts in the pause too.
        reach: earlier steps that the game can be taken back to, oldest first.
        hint: the Blocker's opinion on the screen.
        speed: times the person's own pace; 0 waits for a key.
        previewed: the person looked ahead.
    """

    serial: int
    step_id: int
    action: int
    shown_at: float
    clock_from: float
    attention: float = 0.0
    stepped: bool = False
    reach: tuple[int, ...] = ()
    hint: Hint | None = None
    speed: float = 1.0
    previewed: bool = False


@dataclass(frozen=True, slots=True)
class Past:
    """A step that was answered.

    Attributes:
        verdict: the answer, which the game has followed.
        by_key: a key decided, and not silence.
        at: when it was answered.
        shown_at: when it was first on the screen.
        undone: taken back.
        labelled: what the person called it afterwards, if that is another verdict; the game has
            gone on as it was answered.
    """

    step_id: int
    action: int
    verdict: Verdict
    by_key: bool
    at: float
    shown_at: float = 0.0
    undone: bool = False
    labelled: Verdict | None = None

    @property
    def blocked(self) -> bool:
        """Whether it was refused."""
        return self.verdict is Verdict.UNSAFE
