import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from blocker.naming import view_for
from experiments.naming.people import Answered, Namer, Sheet, SimulatedNamer
from experiments.naming.pool import Pool
from experiments.naming.session import SHEET, Named, name_on_screens
from experiments.reporter import Reporter
from oversight import RunError
from oversight.simulated import MODELS


class Scripted:
    """Answers by the truth; leaves at a chosen sheet."""

    def __init__(self, *, leave: int = 10**9) -> None:
        self.leave = leave
        self.seen: list[Sheet] = []

    def answer(self, pool: Pool, sheet: Sheet) -> Answered:
        self.seen.append(sheet)
        if len(self.seen) == self.leave:
            return Answered(sheet.marked, 0.0, leave=True)
        return Answered(pool.bad[sheet.pairs], 9.0)

    def close(self) -> None:
        pass


def named(pool: Pool, namer: Namer, path: Path, seconds: float = 90.0) -> Named:
    return name_on_screens(
        pool,
        namer,
        "pong",
        view_for("pong"),
        path,
        seconds=seconds,
        seed=0,
        reporter=Reporter(),
        stop=lambda: False,
    )


def test_a_few_sheets_are_enough_for_pong(pong: Pool, tmp_path: Path) -> None:
    done = named(pong, Scripted(), tmp_path / "answers.json", seconds=600.0)
    assert len(done.pairs) == len(set(done.pairs.tolist())) <= 20 * SHEET
    assert done.surprises[-3:] == (0, 0, 0), "it ended because there was nothing more to ask"
    assert done.spotter is not None
    called = done.spotter.votes(pong.told) >= 0.5
    assert (called != pong.bad).mean() < 0.002


def test_it_ends_when_the_time_is_spent(pong: Pool, tmp_path: Path) -> None:
    done = named(pong, Scripted(), tmp_path / "answers.json", seconds=26.0)
    assert (len(done.pairs), done.seconds) == (3 * SHEET, 27.0)


def test_going_on_after_leaving_is_as_if_nobody_had_left(pong: Pool, tmp_path: Path) -> None:
    left = named(pong, Scripted(leave=4), tmp_path / "left.json")
    assert len(left.pairs) == 3 * SHEET
    assert left.spotter is not None
    again = named(pong, Scripted(), tmp_path / "left.json")
    whole = named(pong, Scripted(), tmp_path / "whole.json")
    np.testing.assert_array_equal(again.pairs, whole.pairs)
    assert (again.seconds, again.surprises) == (whole.seconds, whole.surprises)


def test_the_seconds_of_a_sheet_that_was_left_are_counted(pong: Pool, tmp_path: Path) -> None:
    class Leaving(Scripted):
        def answer(self, pool: Pool, sheet: Sheet) -> Answered:
            return Answered(sheet.marked, 5.0, leave=True)

    assert named(pong, Leaving(), tmp_path / "answers.json").seconds == 5.0
    done = named(pong, Scripted(leave=2), tmp_path / "answers.json")
    assert (len(done.pairs), done.seconds) == (SHEET, 14.0)


class Going(Scripted):
    """Marks each sheet by a script: what to mark, and where to go from there."""

    def __init__(self, *acts: tuple[str, float]) -> None:
        super().__init__()
        self.acts = acts

    def answer(self, pool: Pool, sheet: Sheet) -> Answered:
        self.seen.append(sheet)
        act, seconds = self.acts[len(self.seen) - 1]
        if act == "leave":
            return Answered(sheet.marked, seconds, leave=True)
        marked = sheet.marked | pool.bad[sheet.pairs] if act == "done" else ~sheet.marked
        return Answered(marked, seconds, back=act == "back")


def test_sheets_before_come_back_with_their_marks_and_nothing_is_lost(
    pong: Pool, tmp_path: Path
) -> None:
    path = tmp_path / "answers.json"
    going = Going(
        *[("done", 9.0)] * 2, ("back", 1.0), ("back", 2.0), ("done", 3.0), ("done", 4.0),
        ("leave", 5.0),
    )  # fmt: skip
    done = named(pong, going, path)
    first, second, third, second_again, first_again, second_once_more, third_again = going.seen
    assert [sheet.number for sheet in going.seen] == [1, 2, 3, 2, 1, 2, 3]
    np.testing.assert_array_equal(second_again.pairs, second.pairs)
    np.testing.assert_array_equal(second_again.marked, pong.bad[second.pairs])
    np.testing.assert_array_equal(first_again.pairs, first.pairs)
    np.testing.assert_array_equal(first_again.marked, pong.bad[first.pairs])
    # What was marked on the way back counts, and is there again on the way on.
    np.testing.assert_array_equal(second_once_more.marked, ~pong.bad[second.pairs])
    np.testing.assert_array_equal(third_again.pairs, third.pairs)
    np.testing.assert_array_equal(third_again.marked, ~third.marked)
    assert (len(done.pairs), done.seconds) == (2 * SHEET, 33.0)
    np.testing.assert_array_equal(done.pairs, np.concatenate([first.pairs, second.pairs]))
    assert len(json.loads(path.read_text())["sheets"]) == 2


def test_a_sheet_that_is_shown_again_can_be_answered_when_the_time_is_spent(
    pong: Pool, tmp_path: Path
) -> None:
    going = Going(*[("done", 9.0)] * 2, ("back", 9.0), ("done", 9.0))
    done = named(pong, going, tmp_path / "answers.json", seconds=27.0)
    assert [sheet.number for sheet in going.seen] == [1, 2, 3, 2]
    assert (len(done.pairs), done.seconds) == (2 * SHEET, 36.0)


def test_going_back_at_the_first_sheet_shows_it_again_with_its_marks(
    pong: Pool, tmp_path: Path
) -> None:
    going = Going(("back", 9.0), ("leave", 9.0))
    done = named(pong, going, tmp_path / "answers.json")
    np.testing.assert_array_equal(going.seen[0].pairs, going.seen[1].pairs)
    assert going.seen[1].marked.all()
    assert (len(done.pairs), done.seconds) == (0, 18.0)


@pytest.mark.parametrize(
    "content",
    [
        "[",
        "[3]",
        '{"sheets": [{"pairs": [99999], "bad": [true], "seconds": 1, "surprises": 0}], '
        '"seconds_besides": 0}',
        '{"sheets": [], "seconds_besides": "many"}',
    ],
)
def test_answers_to_something_else_are_refused(pong: Pool, tmp_path: Path, content: str) -> None:
    path = tmp_path / "answers.json"
    path.write_text(content)
    with pytest.raises(RunError, match="does not hold answers"):
        named(pong, Scripted(), path)
    assert path.read_text() == content


def test_answers_are_on_disk_after_every_sheet(pong: Pool, tmp_path: Path) -> None:
    path = tmp_path / "answers.json"
    sheets: list[int] = []

    class Watching(Scripted):
        def answer(self, pool: Pool, sheet: Sheet) -> Answered:
            sheets.append(len(json.loads(path.read_text())["sheets"]) if path.exists() else 0)
            return super().answer(pool, sheet)

    named(pong, Watching(leave=4), path)
    assert sheets == [0, 1, 2, 3]


def test_a_simulated_person_has_a_persons_faults(pong: Pool) -> None:
    everything = Sheet(np.arange(len(pong)), np.zeros(len(pong), bool), 1, 0.0, 600.0)

    def wrong(who: str) -> tuple[int, int]:
        answer = SimulatedNamer(MODELS[who], 1).answer(pong, everything)
        window = MODELS[who].window
        assert answer.seconds == pytest.approx(window * len(pong))
        return int((pong.bad & ~answer.bad).sum()), int((answer.bad & ~pong.bad).sum())

    assert wrong("perfect") == (0, 0)
    missed, falsely = wrong("tired")
    assert 0.02 * pong.bad.sum() < missed < 0.3 * pong.bad.sum()
    assert 0 < falsely < 20


def test_a_simulated_person_who_was_stopped_goes_on_as_the_same(pong: Pool, tmp_path: Path) -> None:
    tired = replace(MODELS["tired"], false_alarms_per_hour=600.0)
    for seconds in (30.0, 61.0, 90.0):
        stopped = named(pong, SimulatedNamer(tired, 3), tmp_path / "stopped.json", seconds)
    whole = named(pong, SimulatedNamer(tired, 3), tmp_path / "whole.json", 90.0)
    assert (stopped.bad != pong.bad[stopped.pairs]).any()
    np.testing.assert_array_equal(stopped.pairs, whole.pairs)
    np.testing.assert_array_equal(stopped.bad, whole.bad)
