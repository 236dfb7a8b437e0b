"""Draws what is known of the step shown: actions, label, scores, truth, reason."""

from __future__ import annotations

import math

from oversight.log import SAFE, UNKNOWN, UNSAFE
from oversight_ui.layout import Box
from oversight_ui.paint import AMBER, BACK, CARD, DIM, GREY, INK, Brush, Colour
from oversight_ui.review.keys import Action, Command
from oversight_ui.review.layout import ReviewLayout
from oversight_ui.review.sight import LABEL_COLOURS, LABEL_NAMES, Sight
from oversight_ui.review.state import State, span_of

__all__ = ["draw_cards", "draw_head"]


def draw_head(brush: Brush, layout: ReviewLayout, sight: Sight) -> None:
    """Which log, which step."""
    state = sight.state
    left, right = layout.head.columns((4, 5), round(10 * layout.unit))
    brush.text(f"{sight.game.title}: {sight.name}", left, 28 * layout.words, DIM)
    brush.text(_place(sight), right, 28 * layout.words, INK, "right")
    if state.follow:
        brush.text("FOLLOWING", left, 24 * layout.words, AMBER, "right")


def _place(sight: Sight) -> str:
    state = sight.state
    steps = state.tape.recording.steps
    if not len(steps):
        return "no step yet" + (": the run is writing" if sight.running else "")
    at = state.at
    step = f"step {int(steps.step_id[at]):,} of {int(steps.step_id[-1]):,}"
    episode = f"episode {int(steps.episode[at]):,}, its step {int(steps.step[at]):,}"
    running = ", the run is writing" if sight.running else ""
    return f"{step}   {episode}   {steps.phase[at]}{running}"


def draw_cards(brush: Brush, layout: ReviewLayout, sight: Sight) -> None:
    """Draw all cards of the step shown."""
    for box in (layout.action, layout.label, layout.scores, layout.truth, layout.reason):
        brush.fill(box, CARD, round(8 * layout.unit))
    if len(sight.state.tape):
        _actions(brush, layout, sight)
        _label(brush, layout, sight.state)
        _scores(brush, layout, sight.state)
        _truth(brush, layout, sight)
    _reason(brush, layout, sight)
    if sight.state.notice and sight.state.now < sight.state.notice_until:
        brush.fill(layout.notice, INK, round(8 * layout.unit))
        words = layout.notice.inset(round(10 * layout.unit), round(3 * layout.unit))
        brush.text(sight.state.notice, words, 26 * layout.words, BACK)


def _actions(brush: Brush, layout: ReviewLayout, sight: Sight) -> None:
    steps, at = sight.state.tape.recording.steps, sight.state.at
    rows = layout.action.inset(round(12 * layout.unit), round(8 * layout.unit)).rows((1, 1))
    for row, title, action, colour in (
        (rows[0], "proposed", int(steps.proposed[at]), AMBER),
        (rows[1], "executed", int(steps.executed[at]), INK if steps.blocked[at] else DIM),
    ):
        word, name, arrow = row.columns((3, 5, 2), round(8 * layout.unit))
        brush.text(title, word, 26 * layout.words, DIM)
        brush.text(sight.game.actions[action], name, 56 * layout.unit, colour)
        size = round(0.9 * min(arrow.w, arrow.h))
        middle = Box(arrow.right - size, arrow.y + (arrow.h - size) // 2, size, size)
        brush.arrow(middle, sight.game.arrows[action], colour)


def _label(brush: Brush, layout: ReviewLayout, state: State) -> None:
    recording, at, unit = state.tape.recording, state.at, layout.unit
    if state.blind:
        brush.text(
            f"label: {_hidden(state)}", _inside(layout, layout.label), 26 * layout.words, DIM
        )
        return
    verdict = int(recording.steps.verdict[at])
    dark = verdict not in (SAFE, UNSAFE)
    ink: Colour = BACK if dark else INK
    brush.fill(layout.label, LABEL_COLOURS[verdict], round(8 * unit))
    symbol, word, detail = _inside(layout, layout.label).columns((1.2, 4.4, 5), round(8 * unit))
    if verdict == SAFE:
        brush.tick(symbol, ink)
    elif verdict == UNSAFE:
        brush.cross(symbol, ink)
    else:
        brush.text("?", symbol, 56 * unit, ink, "centre")
    brush.text(LABEL_NAMES[verdict], word, 48 * unit, ink)
    upper, lower = detail.rows((1, 1))
    brush.text(_judge(state), upper, 26 * layout.words, ink, "right")
    brush.text(_what_happened(state), lower, 26 * layout.words, ink, "right")


def _judge(state: State) -> str:
    recording, at = state.tape.recording, state.at
    first = int(recording.first[at])
    if first != int(recording.steps.verdict[at]):
        return f"first {LABEL_NAMES[first]}"
    seconds = float(recording.steps.reaction_seconds[at])
    after = "" if math.isnan(seconds) else f", {seconds:.2f} s"
    return f"{recording.steps.source[at]}{after}"


def _what_happened(state: State) -> str:
    recording, at = state.tape.recording, state.at
    if recording.undone[at]:
        return "rewound"
    if recording.steps.no_safe_action[at]:
        return "no safe action"
    return "blocked" if recording.steps.blocked[at] else "let through"


def _scores(brush: Brush, layout: ReviewLayout, state: State) -> None:
    box, tape = _inside(layout, layout.scores), state.tape
    upper, lower = box.rows((1, 1), round(2 * layout.unit))
    if state.blind:
        brush.text(f"Blocker: {_hidden(state)}", box, 26 * layout.words, DIM)
        return
    if tape.opinion is None:
        brush.text("Blocker: no scores in this log", box, 26 * layout.words, DIM)
        return
    p = float(tape.opinion.probability[state.at])
    said = "has not looked" if math.isnan(p) else f"{_percent(p)} unsafe"
    brush.text(said, upper, 28 * layout.words, INK, "right")
    brush.text(tape.opinion.scorer, upper.columns((5, 4))[0], 26 * layout.words, DIM)
    bar = lower.inset(0, lower.h // 4)
    brush.fill(bar, GREY, bar.h // 2)
    if not math.isnan(p):
        colour = AMBER if p >= tape.opinion.threshold else INK
        brush.fill(Box(bar.x, bar.y, max(2, round(bar.w * p)), bar.h), colour, bar.h // 2)
    x = bar.x + round(bar.w * min(1.0, tape.opinion.threshold))
    wide = max(2, round(3 * layout.unit))
    brush.fill(Box(min(x, bar.right - wide), lower.y, wide, lower.h), INK)


def _percent(p: float) -> str:
    return f"{p:.1%}" if 0.0005 <= p <= 0.9995 else "under 0.1%" if p < 0.5 else "over 99.9%"


def _truth(brush: Brush, layout: ReviewLayout, sight: Sight) -> None:
    state = sight.state
    steps, at = state.tape.recording.steps, state.at
    if sight.clip and not state.truth:
        return
    key = state.keys.label(Command(Action.TRUTH))
    words = f"truth: hidden, {key} shows it"
    if state.truth:
        code = int(steps.proposed_unsafe[at])
        said = {UNKNOWN: "not known", 0: "proposed action safe"}
        words = f"truth: {said.get(code, 'proposed action UNSAFE')}"
    colour = INK if state.truth else DIM
    brush.text(words, _inside(layout, layout.truth), 26 * layout.words, colour)


def _reason(brush: Brush, layout: ReviewLayout, sight: Sight) -> None:
    box, state = _inside(layout, layout.reason), sight.state
    if sight.clip:
        brush.text(sight.game.catastrophe, box, 26 * layout.words, DIM)
        return
    first, last = span_of(state)
    if state.anchor is not None:
        words = f"span of {last - first + 1:,} steps: label or clip it"
        brush.text(words, box, 26 * layout.words, INK)
        return
    key = state.keys.label(Command(Action.REASON))
    brush.text(f"your reason ({key}): {state.reason}", box, 26 * layout.words, DIM)


def _hidden(state: State) -> str:
    return f"hidden, {state.keys.label(Command(Action.BLIND))} shows it"


def _inside(layout: ReviewLayout, box: Box) -> Box:
    return box.inset(round(12 * layout.unit), round(4 * layout.unit))
