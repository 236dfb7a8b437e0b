"""Steps and pixels of a timeline, and what the mouse means."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from oversight_ui.layout import Box
from oversight_ui.review.keys import Action, Command
from oversight_ui.review.layout import TEXT_SIZES, lay_out_review, list_rows
from oversight_ui.review.mouse import Lane, dragged, lane_at, pressed
from oversight_ui.review.sight import BUTTON_ROW, BUTTON_SHARES
from oversight_ui.review.state import Mode, Panel, Press, Seek, Show, State
from oversight_ui.review.tape import Tape
from oversight_ui.review.timeline import cells, peaks, row_at, runs, x_of

SIZES = [(1280, 720), (1024, 768), (1920, 1080), (2560, 1440), (800, 600)]
BOX = Box(100, 0, 200, 10)


@given(st.integers(0, 500), st.integers(1, 3000), st.integers(1, 3000))
def test_a_pixel_leads_to_a_step_and_back(first: int, count: int, total: int) -> None:
    for x in (100, 150, 299):
        row = row_at(x, BOX, first, count, total)
        assert 0 <= row < total
        if count <= BOX.w and first <= row < min(first + count, total) - 1:
            assert x_of(row, BOX, first, count) <= x + 1
            assert x < x_of(row + 1, BOX, first, count) + 1


@given(st.integers(0, 200), st.integers(1, 900), st.integers(1, 1000), st.integers(1, 300))
def test_no_flagged_step_is_lost_from_sight(first: int, count: int, total: int, width: int) -> None:
    columns = cells(first, count, total, width)
    values = np.zeros(total)
    shown = [row for row in range(first, min(first + count, total)) if row % 7 == 0]
    values[shown] = 1.0
    bars = peaks(values, columns)
    assert len(bars) == len(columns)
    covered = {
        r for (a, b), bar in zip(columns.tolist(), bars, strict=True) if bar for r in range(a, b)
    }
    assert set(shown) <= covered


def test_peaks_take_the_greatest_and_nothing_for_unknown() -> None:
    values = np.array([0.1, 0.9, np.nan, 0.2, np.nan, np.nan])
    assert peaks(values, cells(0, 6, 6, 3)).tolist() == [0.9, 0.2, 0.0]
    assert peaks(values, cells(0, 6, 6, 12))[:4].tolist() == [0.1, 0.1, 0.9, 0.9]


def test_runs() -> None:
    assert list(runs(np.array([True, True, False, True]))) == [(0, 2), (3, 4)]
    assert list(runs(np.zeros(3, np.bool_))) == []


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("text", TEXT_SIZES)
@pytest.mark.parametrize("picture", [(210, 160), (84, 84), (400, 600)])
def test_regions_do_not_overlap_and_are_not_cut(
    size: tuple[int, int], text: float, picture: tuple[int, int]
) -> None:
    layout = lay_out_review(*size, picture, text)
    window = Box(0, 0, *size)
    regions = layout.regions()
    for name, box in regions.items():
        assert window.contains(box), name
        assert box.w > 0, name
        assert box.h > 0, name
        others = [key for key, other in regions.items() if key != name and box.overlaps(other)]
        assert others == [], name
    assert layout.frame.contains(layout.field)
    assert len(list_rows(layout)) >= 8
    assert layout.near.contains(layout.labels)


def state(tape: Tape) -> State:
    return State(tape=tape, at=10)


def middle(box: Box) -> tuple[int, int]:
    return box.x + box.w // 2, box.y + box.h // 2


def test_the_mouse_on_the_timelines(tape: Tape) -> None:
    layout = lay_out_review(1280, 720, (210, 160))
    x, y = middle(layout.overview)
    assert lane_at(layout, x, y) is Lane.WHOLE
    assert pressed(layout, state(tape), x, y, spanning=False) == Seek(60)
    x, y = layout.labels.x + layout.labels.w // 4 + 3, layout.labels.y + 2
    assert lane_at(layout, x, y) is Lane.NEAR
    assert pressed(layout, state(tape), x, y, spanning=True) == Seek(40, spanning=True)
    assert dragged(layout, state(tape), Lane.WHOLE, 99_999, spanning=False) == Seek(119)
    assert dragged(layout, state(tape), Lane.NEAR, -5, spanning=False) == Seek(0)
    assert lane_at(layout, *middle(layout.field)) is None


def test_the_mouse_on_buttons_tabs_and_queue(tape: Tape) -> None:
    layout = lay_out_review(1280, 720, (210, 160))
    for (command, _), box in zip(BUTTON_ROW, layout.buttons.columns(BUTTON_SHARES), strict=True):
        assert pressed(layout, state(tape), *middle(box), spanning=False) == Press(command)
    assert Command(Action.UNDO) in {command for command, _ in BUTTON_ROW}
    tab = layout.tabs.columns((1, 1.3, 1))[2]
    assert pressed(layout, state(tape), *middle(tab), spanning=False) == Show(Panel.HISTORY)
    second = list_rows(layout)[2]
    assert pressed(layout, state(tape), *middle(second), spanning=False) == Seek(70, queued=1)
    last = list_rows(layout)[-1]
    assert pressed(layout, state(tape), *middle(last), spanning=False) is None
    assert pressed(layout, state(tape), *middle(layout.field), spanning=False) is None
    asked = State(tape=tape, mode=Mode.REASON)
    assert pressed(layout, asked, *middle(tab), spanning=False) is None
