"""What a Blocker learns of a late block: one label, and that on the step that was meant."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from blocker import Fitted, InputSpec, examples_from_logs
from blocker.bench.data import steps_of
from blocker.bench.judges import BlockerJudge
from blocker.dataset import NO_ACTION
from blocker.scoring import score_log
from oversight import (
    Decision,
    Gate,
    GateSettings,
    InterventionLog,
    LogMeta,
    Outcome,
    Proposal,
    Source,
    Verdict,
    game_named,
)
from oversight.rewind import GoBack

HARMFUL, TWIN = 3, 2
MEANT, LANDS = 4, 6


class Late:
    """Refuses at step 6 of the run what was proposed at step 4."""

    def review(self, proposals: Sequence[Proposal]) -> list[Decision]:
        (p,) = proposals
        if p.step_id == LANDS:
            return [Decision(p.step_id, Verdict.UNSAFE, Source.PERSON, TWIN, 0.3, meant_for=MEANT)]
        return [Decision(p.step_id, Verdict.SAFE, Source.PERSON)]


def play(path: Path, rewind_steps: int) -> InterventionLog:
    """Ten steps of a game whose screen shows how many steps stand; the harmful one is the fifth."""
    game = game_named("pong")
    standing = [0]

    def screen() -> np.ndarray:
        return np.full((210, 160), 2 * standing[0], np.uint8)

    def mark() -> GoBack:
        moment = standing[0]

        def go_back() -> None:
            standing[0] = moment

        return go_back

    log = InterventionLog.create(
        path, LogMeta(game.name, game.actions, (210, 160), "uint8", "zone")
    )
    gate = Gate(
        Late(), GateSettings(rewind_steps=rewind_steps), n_actions=6, sink=log, marks=[mark]
    )
    gate.begin_episode(screen())
    for step_id in range(10):
        gate.decide([HARMFUL if step_id == MEANT else 0])
        standing[0] += 1
        gate.settle([Outcome(0.0, 0.0, False, False, screen())])
    return log


@pytest.mark.parametrize("rewind_steps", [0, 8])
def test_a_late_block_is_one_label(
    tmp_path: Path, small_spec: InputSpec, rewind_steps: int
) -> None:
    with play(tmp_path / "log.sqlite", rewind_steps) as log:
        examples = examples_from_logs([log], small_spec).proposed
        as_logged = examples_from_logs([log], small_spec, as_meant=False).proposed
    (labelled,) = np.flatnonzero(examples.unsafe)
    assert examples.action[labelled] == HARMFUL
    assert (examples.action == HARMFUL).sum() == 1
    shown = examples.images[examples.screens[labelled]]
    wanted = small_spec.prepare(
        np.stack([np.full((210, 160), 2 * n, np.uint8) for n in (MEANT - 1, MEANT)])
    )
    assert (shown == wanted).all()
    if rewind_steps == 0:  # of what came while the press was on its way nothing is known
        assert examples.step.tolist() == [0, 1, 2, 3, 4, 7, 8, 9]
        # As it came it is on an action that harmed nobody, and the harmful one passes for safe.
        assert as_logged.action[as_logged.unsafe].tolist() == [0]
        return
    # One row a step, each after the one before it: nothing of the undone ones is left.
    assert examples.step.tolist() == list(range(8))
    assert examples.previous.tolist() == [NO_ACTION, 0, 0, 0, 0, TWIN, 0, 0]
    assert (as_logged.unsafe == examples.unsafe).all()


def test_opinions_are_on_what_stands_and_on_its_own_past(tmp_path: Path, fitted: Fitted) -> None:
    path, file = tmp_path / "log.sqlite", tmp_path / "b.safetensors"
    play(path, 8).close()
    fitted.blocker.save(file)
    assert score_log(path, file) == 8
    with InterventionLog.open(path) as log:
        (scorer,) = log.scorers()
        scores, table = log.scores(scorer), log.steps()
        own = BlockerJudge(fitted.blocker, "b").risks(steps_of(log, table, game_named("pong")))
    assert np.array_equal(scores.step_id, table.step_id)
    assert np.allclose(scores.by_action, own, atol=1e-6)
