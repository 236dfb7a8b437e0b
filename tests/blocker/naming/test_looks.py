import numpy as np
import pytest
from numpy.typing import NDArray

from blocker.naming import View, view_for
from blocker.naming.looks import HIGH, NOWHERE, WIDE

THREE = View(rows=(10, 50), columns=(20, 70), planes=((1,), (2, 3), (4,)), focus=1)


def extent(mask: NDArray[np.bool_]) -> list[float]:
    rows, columns = np.nonzero(mask)
    if not len(rows):
        return [0, *[NOWHERE] * 6]
    edges = [rows.min(), rows.max(), columns.min(), columns.max()]
    return [len(rows), rows.mean(), columns.mean(), *edges]


def boxes(masks: list[NDArray[np.bool_]], middle: tuple[int, int]) -> list[float]:
    out = []
    for mask in masks:
        padded = np.pad(mask, 40)
        for i in (-1, 0, 1):
            for j in (-1, 0, 1):
                top = 40 + middle[0] + i * HIGH - HIGH // 2
                left = 40 + middle[1] + j * WIDE - WIDE // 2
                out.append(padded[top : top + HIGH, left : left + WIDE].sum())
    return out


def slowly(view: View, before: NDArray[np.uint8], now: NDArray[np.uint8]) -> list[float]:
    """What `tell_of_pair` tells, plane by plane with masks: the reference."""
    was, here = ([np.isin(one, group) for group in view.planes] for one in (before, now))
    gone = [a & ~b for a, b in zip(was, here, strict=True)]
    come = [b & ~a for a, b in zip(was, here, strict=True)]
    out = [each for masks in (here, gone, come) for mask in masks for each in extent(mask)]
    for number in range(len(here)):
        for other in range(number):
            both = here[number].any() and here[other].any()
            for axis in (1, 2):
                apart = extent(here[number])[axis] - extent(here[other])[axis]
                out.append(apart if both else NOWHERE)
    left = extent(gone[view.focus])
    if left[0]:
        middle = (int(left[1] + 0.5), int(left[2] + 0.5))
        return [*out, *boxes(was, middle), *boxes(here, middle)]
    return [*out, *[NOWHERE] * (18 * len(view.planes))]


@pytest.mark.parametrize("share", [0.0, 0.01, 0.3])
def test_the_compiled_loop_tells_what_masks_tell(share: float) -> None:
    rng = np.random.default_rng(int(100 * share))
    for _ in range(30):
        before, now = rng.integers(0, 5, (2, 40, 50)).astype(np.uint8)
        before[rng.random(before.shape) >= share] = 0
        now[rng.random(now.shape) >= share] = 0
        told = THREE.tell(before, now, over=False)
        np.testing.assert_allclose(told[:-1], slowly(THREE, before, now), rtol=1e-6)


def test_the_last_number_says_whether_the_game_is_over() -> None:
    nothing = np.zeros((40, 50), np.uint8)
    assert THREE.tell(nothing, nothing, over=True)[-1] == 1.0
    assert THREE.tell(nothing, nothing, over=False)[-1] == 0.0


def test_what_blinks_is_put_back_where_nothing_else_is_drawn() -> None:
    view = View((0, 2), (0, 3), ((1,), (6,)), blinking=(6,))
    before = np.array([[6, 6, 1], [0, 1, 0]], np.uint8)
    now = np.array([[0, 1, 0], [6, 0, 0]], np.uint8)
    assert view.steady(now, before).tolist() == [[6, 1, 0], [6, 0, 0]]
    assert THREE.steady(now, before) is now


@pytest.mark.parametrize("game", ["pong", "space_invaders", "road_runner"])
def test_a_views_description_can_be_read_back(game: str) -> None:
    view = view_for(game)
    assert View.from_dict(view.as_dict()) == view
    with pytest.raises(ValueError, match="expected 'columns' in a view's description"):
        View.from_dict({"rows": [0, 1]})
    with pytest.raises(ValueError, match="expected a whole number, got 'x'"):
        View.from_dict({**view.as_dict(), "focus": "x"})


def test_games_without_a_blocker_are_refused() -> None:
    with pytest.raises(ValueError, match="no Blocker input for game 'chess'"):
        view_for("chess")
