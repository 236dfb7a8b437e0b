"""For tests of sessions: events in their times, and messages in a few words."""

from __future__ import annotations

from collections.abc import Sequence

from oversight.types import Verdict
from oversight_ui.messages import Amend, Answer, Ask, GoBack, Message, Present
from oversight_ui.session import advance
from oversight_ui.state import Event, Settings, State, Tick

__all__ = ["FIRST_STEP", "Timed", "brief", "play"]

Timed = tuple[float, Event]
"""Seconds, and what happens then."""
FIRST_STEP = 100
"""step_id of the step that `brief` calls 0."""
_WORDS = {Verdict.UNSAFE: "block", Verdict.SAFE: "allow", Verdict.UNSURE: "unsure"}


def play(events: Sequence[Timed], state: State | None = None) -> tuple[State, list[Message]]:
    """Run timed events from a window that opens at time 0, with ticks of 0.1 s in between."""
    state = State.fresh(Settings(), 0.0) if state is None else state
    said: list[Message] = []
    for at, event in events:
        while state.now + 0.1 < at:
            state, more = advance(state, Tick(), state.now + 0.1)
            said.extend(more)
        state, more = advance(state, event, at)
        said.extend(more)
    return state, said


def brief(message: Message) -> str:
    """A message in a few words, such as "2 block key meant 1"."""
    match message:
        case Answer():
            return _answer(message)
        case Amend(step_id, _, "undo"):
            return f"undo {step_id - FIRST_STEP}"
        case Amend(step_id, verdict, reason):
            return f"{reason} {step_id - FIRST_STEP} {verdict.value}"
        case GoBack(serial, step_id):
            return f"{serial} back to {step_id - FIRST_STEP}"
        case Ask(serial, look):
            return f"{serial} {look.value}"
        case Present(here):
            return f"present {here}"
        case _:
            return type(message).__name__


def _answer(answer: Answer) -> str:
    how = "silence" if answer.reaction_seconds is None else "key"
    parts = [f"{answer.serial} {_WORDS[answer.verdict]} {how}"]
    if answer.replacement is not None:
        parts.append(f"instead {answer.replacement}")
    if answer.meant_for is not None:
        parts.append(f"meant {answer.meant_for - FIRST_STEP}")
    if answer.ends_episode:
        parts.append("last")
    return " ".join(parts)
