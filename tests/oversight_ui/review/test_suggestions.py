"""Disagreements by loss, and the queue: numbers that one checks by head."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from oversight_ui.review.recording import LABEL_ERRORS, Opinion, Recording
from oversight_ui.review.suggestions import (
    false_alarms,
    label_loss,
    misses,
    suggestions,
    worst_first,
)
from oversight_ui.review.tape import Choice, Tape, make_tape


@pytest.fixture
def opinion(recording: Recording) -> Opinion:
    return recording.opinions["pong.safetensors"]


def unseen(recording: Recording) -> np.ndarray:
    return np.zeros(len(recording), np.bool_)


def test_false_alarms_and_misses(recording: Recording, opinion: Opinion) -> None:
    assert false_alarms(recording, opinion).tolist() == [5, 6, 70, 100]
    assert misses(recording, opinion).tolist() == [51]


def test_the_worst_comes_first(recording: Recording, opinion: Opinion) -> None:
    loss = label_loss(recording, opinion)
    assert loss[51] == pytest.approx(-np.log(0.03))
    assert loss[70] == pytest.approx(-np.log(0.1))
    assert np.isnan(loss[110])  # "not sure" is neither right nor wrong
    assert worst_first(recording, opinion).tolist() == [51, 70, 5, 6, 100]


def test_the_queue_is_by_the_chance_that_a_label_is_wrong(
    recording: Recording, opinion: Opinion
) -> None:
    queue = suggestions(recording, opinion, unseen(recording))
    # 5 and 6 are one moment; 100 is a hair above the threshold.
    assert [entry.row for entry in queue] == [51, 70, 5, 110, 100]
    assert [entry.why for entry in queue] == [
        *["Blocker disagrees"] * 3,
        "not sure",
        "Blocker unsure",
    ]
    odds = (0.21 / 0.79) / (0.2 / 0.8)
    assert queue[-1].chance == pytest.approx(1 - odds / (1 + odds))
    assert queue[0].chance == pytest.approx(0.97)


def test_what_was_seen_or_undone_leaves_the_queue(recording: Recording, opinion: Opinion) -> None:
    seen = unseen(recording)
    seen[[51, 110]] = True
    assert recording.undone[[88, 89]].all()
    loud = replace(opinion, probability=np.where(recording.undone, 0.9, opinion.probability))
    assert [entry.row for entry in suggestions(recording, loud, seen)] == [70, 5, 100]


def test_suspected_labels_take_the_place_of_the_blockers_doubt(
    recording: Recording, opinion: Opinion
) -> None:
    suspects = np.full(len(recording), np.nan)
    suspects[30], suspects[50], suspects[51] = 0.8, 0.3, 0.9  # labelled safe, unsafe, unsafe
    known = {"pong.safetensors": opinion, LABEL_ERRORS: Opinion(LABEL_ERRORS, suspects, 0.5)}
    queue = suggestions(replace(recording, opinions=known), opinion, unseen(recording))
    assert (queue[0].row, queue[0].why, queue[0].chance) == (30, "label suspected", 0.8)
    assert (queue[1].row, queue[1].why, queue[1].chance) == (50, "label suspected", 0.7)
    made = make_tape(replace(recording, opinions=known), Choice("ada"))
    assert made.suspects is not None
    assert made.suspects[[30, 50, 51]] == pytest.approx([0.8, 0.7, 0.1])
    assert "Blocker disagrees" not in {entry.why for entry in queue}


def test_a_log_without_scores_asks_about_what_is_not_sure(recording: Recording) -> None:
    bare = replace(recording, opinions={})
    assert [entry.row for entry in suggestions(bare, None, unseen(bare))] == [110]


def test_the_tape_gathers_all_of_it(tape: Tape) -> None:
    assert tape.scorers == ("pong.safetensors",)
    assert [entry.row for entry in tape.queue] == [51, 70, 5, 110, 100]
    assert tape.worst.tolist() == [51, 70, 5, 6, 100]
    assert tape.agreement is not None
    assert tape.agreement.second == "scores of pong.safetensors"
    assert tape.agreement.steps == 119
