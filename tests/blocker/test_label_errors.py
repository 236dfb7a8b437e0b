from pathlib import Path

import numpy as np
import pytest

from blocker import InputSpec, examples_from_logs
from blocker.label_errors import SCORER, Suspects, suspected, write_suspects
from blocker.sight import NetworkSpec
from blocker.splitting import split_by_episode
from blocker.testing import FakeLog, painted_log, with_columns
from blocker.training import train
from blocker.training_types import TrainingSettings
from oversight import AtariGame, InterventionLog, LogMeta, OracleOverseer, OversightWrapper
from oversight.games import PONG


def test_surer_of_the_other_label_than_of_those_that_bear_it() -> None:
    unsafe = np.array([True, True, True, False, False, False, False])
    probability = np.array([0.9, 0.9, 0.01, 0.02, 0.0, 0.1, 0.95])
    # Unsafe ones have 0.603 on average, safe ones 0.7325 of being safe.
    assert suspected(probability, unsafe).tolist() == [2, 6]
    assert suspected(probability, unsafe | True).tolist() == []


def test_finds_labels_that_were_turned_round(small_spec: InputSpec) -> None:
    log = painted_log(3, episodes=15)
    rng = np.random.default_rng(1)
    wrong = np.sort(rng.choice(len(log.table), 12, replace=False))
    verdict = log.table.verdict.copy()
    verdict[wrong] = 1 - verdict[wrong]
    spoiled: FakeLog = with_columns(log, verdict=verdict, blocked=verdict == 1)
    examples = examples_from_logs([spoiled], small_spec).proposed
    split = split_by_episode(examples, np.random.default_rng(0), 3)
    trained = train(
        split.learn,
        split.fold,
        actions=PONG.actions,
        spec=small_spec,
        shape=NetworkSpec(hidden=32),
        settings=TrainingSettings(epochs=25, patience=25, seed=1),
    )
    scores = trained.out_of_fold
    found = split.learn.step_id[trained.rows[suspected(scores.probability, scores.unsafe)]]
    there = np.intersect1d(wrong, split.learn.step_id)
    assert len(np.intersect1d(found, there)) >= 0.7 * len(there)
    assert len(found) < 4 * len(there)


def test_list_is_read_from_the_log(tmp_path: Path) -> None:
    game, path = AtariGame(PONG), tmp_path / "log.sqlite"
    meta = LogMeta("pong", PONG.actions, (210, 160), "uint8", "zone")
    with InterventionLog.create(path, meta) as log:
        env = OversightWrapper(game, OracleOverseer([game.truth]), sink=log)
        env.reset(seed=1)
        for _ in range(20):
            env.step(3)
    spec = InputSpec(rows=(34, 194), columns=(0, 160), size=(40, 10), planes=((200,),))
    with InterventionLog.open(path, read_only=True) as log:
        examples = examples_from_logs([log], spec).proposed.where(np.array([4, 9]))
    suspects = Suspects(examples, np.array([0.9, 0.1]), of=20)
    assert write_suspects(suspects, [path]) == 2
    assert write_suspects(suspects, [path]) == 0
    with InterventionLog.open(path, read_only=True) as reader:
        (scorer,) = reader.scorers()
        scores = reader.scores(scorer)
    assert (scorer.name, scorer.calibrated) == (SCORER, True)
    assert scores.step_id.tolist() == examples.step_id.tolist()
    assert scores.probability.tolist() == pytest.approx([0.9, 0.1])
