"""Where everything goes in the review window: pure functions from its size to rectangles."""

from __future__ import annotations

from dataclasses import dataclass

from oversight_ui.layout import Box, fit_picture

__all__ = ["CLIP_SIZE", "TEXT_SIZES", "ReviewLayout", "lay_out_review", "list_rows"]

TEXT_SIZES = (1.0, 1.25, 1.5)
"""Sizes of the words, times their usual one."""
CLIP_SIZE = (816, 640)
"""Width and height of a clip, pixels: Atari's screen twice as large with room beside it."""

_DESIGN_SIZE = (1280, 720)
"""Lengths below are pixels at this size and grow with the window; those of texts with these."""
_MARGIN, _GAP, _BORDER = 12, 8, 4
_LINE = 30
"""A line of text with its surroundings."""
_FIELD_SHARE = 0.34
_PANEL_SHARE = 0.37
"""The field's and the panel's largest shares of the window's width."""
_LANES = (("overview", 26), ("events", 22), ("labels", 26), ("opinion", 40))
"""The timelines from the top and their heights."""
_NAMES = 106
"""Width of the lanes' names."""


@dataclass(frozen=True, slots=True)
class ReviewLayout:
    """The window's regions, none of which overlap.

    Attributes:
        unit: how many pixels a pixel of the 1280x720 design is.
        words: the same for texts: with the text size.
        head: which log, which step.
        frame: the game's picture with its border.
        field: the picture.
        action: what was proposed and what was executed.
        label: the label as it stands.
        scores: the Blocker's opinion.
        truth: the emulator's truth.
        reason: the reviewer's reason.
        notice: the last thing to say.
        tabs: the panel's title.
        panel: what stands on the right.
        buttons: for the mouse.
        names: names of the timelines, in the order of the next four.
        overview: the whole log.
        events: the near timeline's catastrophes, lives, episodes, rewinds.
        labels: its labels.
        opinion: its scores.
    """

    unit: float
    words: float
    head: Box
    frame: Box
    field: Box
    action: Box
    label: Box
    scores: Box
    truth: Box
    reason: Box
    notice: Box
    tabs: Box
    panel: Box
    buttons: Box
    names: tuple[Box, ...]
    overview: Box
    events: Box
    labels: Box
    opinion: Box

    def regions(self) -> dict[str, Box]:
        """All regions that must not overlap, by name; the frame stands for the field."""
        alone = ("head", "frame", "action", "label", "scores", "truth", "reason", "notice")
        rest = ("tabs", "panel", "buttons", "overview", "events", "labels", "opinion")
        named = {name: getattr(self, name) for name in (*alone, *rest)}
        return named | {f"name {number}": box for number, box in enumerate(self.names)}

    @property
    def near(self) -> Box:
        """The near timeline: events, labels and scores together."""
        return Box(self.events.x, self.events.y, self.events.w, self.opinion.bottom - self.events.y)


def lay_out_review(
    width: int,
    height: int,
    picture: tuple[int, int],
    text: float = 1.0,
    *,
    clip: bool = False,
) -> ReviewLayout:
    """Divide a window.

    Args:
        width: of the window, pixels.
        height: of the window, pixels.
        picture: height and width of the game's screen, pixels.
        text: size of the words, times their usual one.
        clip: without what a clip does not need: panel and buttons have no extent.
    """
    design = CLIP_SIZE if clip else _DESIGN_SIZE
    unit = min(width / design[0], height / design[1])
    words = unit * text
    margin, gap, border = round(_MARGIN * unit), round(_GAP * unit), max(2, round(_BORDER * unit))
    line = round(_LINE * words)
    inner = Box(margin, margin, width - 2 * margin, height - 2 * margin)
    head = Box(inner.x, inner.y, inner.w, line)
    lanes, names = _lanes(inner, unit, words)
    pressed = 0 if clip else line
    buttons = Box(inner.x, lanes["overview"].y - gap - pressed, inner.w, pressed)
    top = head.bottom + gap
    middle = Box(inner.x, top, inner.w, buttons.y - (0 if clip else gap) - top)
    room = Box(0, 0, round(width * (0.5 if clip else _FIELD_SHARE)), middle.h - 2 * border)
    fitted = fit_picture(room, *picture)
    field = Box(middle.x + border, middle.y + (middle.h - fitted.h) // 2, fitted.w, fitted.h)
    left = field.right + border + margin
    wide = 0 if clip else round(width * _PANEL_SHARE)
    right = Box(middle.right - wide, middle.y, wide, middle.h)
    details = Box(left, middle.y, right.x - (0 if clip else margin) - left, middle.h)
    tabs = Box(right.x, right.y, right.w, line)
    return ReviewLayout(
        unit=unit,
        words=words,
        head=head,
        frame=field.inset(-border),
        field=field,
        tabs=tabs,
        panel=Box(right.x, tabs.bottom + gap // 2, right.w, right.bottom - tabs.bottom - gap // 2),
        buttons=buttons,
        names=names,
        **lanes,
        **_details(details, line, gap),
    )


def list_rows(layout: ReviewLayout) -> list[Box]:
    """The rows of a list in the panel."""
    inside = layout.panel.inset(round(8 * layout.unit))
    line = round(_LINE * layout.words)
    return [Box(inside.x, inside.y + n * line, inside.w, line) for n in range(inside.h // line)]


def _details(box: Box, line: int, gap: int) -> dict[str, Box]:
    """Two lines for each card that needs them, one for the others, the rest for the actions."""
    heights = {"label": 2 * line, "scores": 2 * line, "truth": line, "reason": line, "notice": line}
    top = box.bottom - sum(heights.values()) - gap * (len(heights) - 1)
    found = {"action": Box(box.x, box.y, box.w, max(1, top - gap - box.y))}
    for name, height in heights.items():
        found[name] = Box(box.x, top, box.w, height)
        top += height + gap
    return found


def _lanes(inner: Box, unit: float, words: float) -> tuple[dict[str, Box], tuple[Box, ...]]:
    lanes, names = {}, []
    wide = round(_NAMES * words)
    bottom = inner.bottom
    for name, height in reversed(_LANES):
        tall = round(height * unit)
        lanes[name] = Box(inner.x + wide, bottom - tall, inner.w - wide, tall)
        names.append(Box(inner.x, bottom - tall, wide - round(_GAP * unit), tall))
        bottom -= tall + round((10 if name == "events" else 3) * unit)
    return lanes, tuple(reversed(names))
