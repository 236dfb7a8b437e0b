"""What a session says about a step: answers, late blocks, going back, amendments. Pure."""

from __future__ import annotations

from dataclasses import replace

from oversight.types import Verdict, Viewing
from oversight_ui.keymap import Command
from oversight_ui.messages import Amend, Answer, GoBack, Message
from oversight_ui.so_far import PAST_KEPT
from oversight_ui.state import UNDO_KEPT, Choose, Mode, State, Way
from oversight_ui.steps import Past, Pending

__all__ = [
    "Step",
    "answer",
    "block",
    "catastrophe",
    "enter",
    "full_time",
    "go_back",
    "late_block",
    "meant_step",
    "noticed",
    "one_back",
    "undo",
    "unheard",
]

Step = tuple[State, tuple[Message, ...]]


def noticed(state: State, words: str) -> State:
    """The same with a line for the person."""
    return replace(state, notice=words, noticed_at=state.now)


def unheard(state: State) -> State:
    """The same with the word that a key came between two steps and cannot wait for the next."""
    return noticed(state, "between two steps: press it again")


def full_time(state: State) -> State:
    """Give the step shown its full time again."""
    if state.pending is None:
        return state
    return replace(state, pending=replace(state.pending, clock_from=state.now))


def enter(state: State, mode: Mode) -> State:
    """Change the mode; the step shown gets its full time.

    A mouse reaches a window that others have the keyboard of: what it leaves does not go on.
    """
    if mode is Mode.JUDGING and not state.focused:
        mode = Mode.UNFOCUSED
    resumed = state.now if mode is Mode.JUDGING else state.resumed_at
    return full_time(replace(state, mode=mode, latched=None, resumed_at=resumed))


def answer(
    state: State,
    verdict: Verdict,
    *,
    by_key: bool,
    replacement: int | None = None,
    meant: Past | None = None,
) -> Step:
    """Answer the question about the step shown.

    Args:
        state: with a pending step; without one the person alone is told.
        verdict: the judgement.
        by_key: a key decided, and not silence.
        replacement: what to do instead.
        meant: the earlier step, within reach, that a late block is for.
    """
    pending = state.pending
    if pending is None:
        return unheard(state), ()
    action, since = (pending.action, pending) if meant is None else (meant.action, meant)
    reaction = _reaction(state, since.shown_at, verdict) if by_key else None
    past = state.past if meant is None else _undone_from(state.past, meant.step_id)
    made = Past(pending.step_id, action, verdict, by_key, state.now, pending.shown_at)
    undoable = state.undoable if meant is None else _before(state.undoable, meant.step_id)
    undoable = (*undoable, pending.step_id) if by_key else undoable
    said = Answer(
        pending.serial,
        pending.step_id,
        verdict,
        reaction,
        pending.attention,
        _viewing(state, pending),
        replacement,
        None if meant is None else meant.step_id,
        state.last_of_game,
    )
    after = replace(
        state,
        pending=None,
        past=(*past, made)[-PAST_KEPT:],
        undoable=undoable[-UNDO_KEPT:],
        attention=state.attention + pending.attention,
        last_of_game=False,
    )
    if meant is not None:
        back = sum(p.step_id >= meant.step_id and not p.undone for p in state.past)
        after = noticed(after, f"late block: taken back {_steps(back)}")
    if after.mode is Mode.PREVIEW:
        after = enter(after, after.back)
    return after, (said,)


def block(state: State, replacement: int | None = None) -> Step:
    """Block the step that was on the screen when the person decided."""
    if state.pending is None:
        if state.mode is not Mode.JUDGING:
            return unheard(state), ()
        latched = Command.BLOCK if replacement is None else Choose(replacement)
        return replace(state, latched=latched), ()
    meant = meant_step(state, state.pending)
    if meant is not None and replacement == meant.action:
        meant = None  # a late block that names what was done: the step at hand must be meant
    return answer(state, Verdict.UNSAFE, by_key=True, replacement=replacement, meant=meant)


def late_block(state: State, gone: int = 0) -> Step:
    """Block the step `late_steps` before the one shown, or the oldest that can be reached.

    Args:
        state: between two steps the key waits for the next one to be shown.
        gone: steps that have been answered since the key went down.
    """
    pending, back = state.pending, state.late_steps + gone
    standing = [p for p in state.past if not p.undone]
    if pending is None and state.mode is Mode.JUDGING:
        return replace(state, latched=Command.LATE), ()
    if pending is None or not standing:
        return noticed(state, "no earlier step to block"), ()
    target = standing[-min(len(standing), back)]
    if pending.reach:
        reached = [p for p in standing if p.step_id in pending.reach]
        target = reached[-min(len(reached), back)] if reached else target
        if reached:
            return answer(state, Verdict.UNSAFE, by_key=True, meant=target)
    # The game stays as it is; the label does not.
    past = _relabelled(state.past, target.step_id, Verdict.UNSAFE)
    words = f"step {target.step_id} labelled unsafe; the game cannot be taken back"
    amend = Amend(target.step_id, Verdict.UNSAFE, "late block")
    return full_time(noticed(replace(state, past=past), words)), (amend,)


def undo(state: State) -> Step:
    """Take back the last key's decision, and the game with it where that is within reach.

    Between two steps the label is taken back at once, the game when the next step is shown.
    """
    if not state.undoable:
        return noticed(state, "nothing to undo"), ()
    target = state.undoable[-1]
    if state.pending is not None and target in state.pending.reach:
        return go_back(state, state.pending, target)
    waiting = target if state.pending is None else None
    past = tuple(replace(p, undone=True) if p.step_id == target else p for p in state.past)
    state = replace(state, undoable=state.undoable[:-1], past=past, take_back=waiting)
    then = "goes on" if waiting is None else "follows where it can"
    state = noticed(state, f"label of step {target} taken back; the game {then}")
    return full_time(state), (Amend(target, Verdict.UNSURE, "undo"),)


def one_back(state: State) -> Step:
    """Take the game back by one step."""
    pending = state.pending
    if pending is None:
        return unheard(state), ()
    if not pending.reach:
        return full_time(noticed(state, "the game cannot be taken back further")), ()
    return go_back(state, pending, pending.reach[-1])


def catastrophe(state: State) -> Step:
    """Mark that the last step led to a catastrophe."""
    standing = [p for p in state.past if not p.undone]
    if not standing:
        return noticed(state, "no step to mark yet"), ()
    target = standing[-1].step_id
    past = _relabelled(state.past, target, Verdict.UNSAFE)
    state = noticed(replace(state, past=past), f"step {target} marked: catastrophe")
    return full_time(state), (Amend(target, Verdict.UNSAFE, "catastrophe"),)


def go_back(state: State, pending: Pending, target: int) -> Step:
    """Take the game back to a step within reach, which is judged anew."""
    back = sum(p.step_id >= target and (p.step_id == target or not p.undone) for p in state.past)
    state = replace(
        state,
        pending=None,
        past=_undone_from(state.past, target),
        undoable=_before(state.undoable, target),
        carried=pending.attention,
    )
    words = f"taken back {_steps(back)}: judge this step anew"
    return noticed(enter(state, Mode.PAUSED), words), (GoBack(pending.serial, target),)


def meant_step(state: State, pending: Pending) -> Past | None:
    """The earlier step that a block pressed now was meant for; None for the one shown."""
    seen_at = state.now - state.settings.reaction_seconds
    if state.mode is not Mode.JUDGING or state.way is Way.STEPWISE or seen_at >= pending.shown_at:
        return None
    seen = [p for p in state.past if p.step_id in pending.reach and not p.undone]
    seen = [p for p in seen if p.shown_at >= state.resumed_at]
    earlier = [p for p in seen if p.shown_at <= seen_at]
    wanted = seen[seen.index(earlier[-1]) :] if earlier else seen
    return next((p for p in wanted if not p.blocked and not p.by_key), None)


def _viewing(state: State, pending: Pending) -> Viewing:
    assisted = state.way is Way.ASSISTED
    speed = pending.speed if assisted else 1.0
    waits = state.way is Way.STEPWISE or state.mode is not Mode.JUDGING or speed == 0.0
    hint = None if pending.hint is None else pending.hint.probability
    return Viewing(None if waits else state.pace * speed, speed, hint, pending.previewed)


def _reaction(state: State, shown_at: float, verdict: Verdict) -> float:
    """From being shown to the key press; 0 if the block key was already down."""
    held = verdict is Verdict.UNSAFE and state.held_since is not None
    pressed = state.held_since if held and state.held_since is not None else state.now
    return max(0.0, pressed - shown_at)


def _undone_from(past: tuple[Past, ...], step_id: int) -> tuple[Past, ...]:
    return tuple(replace(p, undone=True) if p.step_id >= step_id else p for p in past)


def _relabelled(past: tuple[Past, ...], step_id: int, verdict: Verdict) -> tuple[Past, ...]:
    """The same with another label for a step; what was done stays what was done."""
    return tuple(
        replace(p, labelled=None if verdict is p.verdict else verdict)
        if p.step_id == step_id
        else p
        for p in past
    )


def _before(steps: tuple[int, ...], step_id: int) -> tuple[int, ...]:
    return tuple(step for step in steps if step < step_id)


def _steps(count: int) -> str:
    return f"{count} step" if count == 1 else f"{count} steps"
