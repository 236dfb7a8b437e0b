import json
import math

import numpy as np
import pytest

from blocker import Blocker, Fitted, InputSpec
from blocker.novelty import Novelty, disagreement, limit_for
from blocker.testing import painted_log


def test_quantile_by_head() -> None:
    values = np.arange(1.0, 100.0)  # 99 of them: the 95th of 100 ranks is 95
    assert limit_for(values, 0.05) == 95.0
    assert limit_for(values, 0.001) == 99.0  # too few: the highest


def test_budget_holds_on_further_values() -> None:
    rng = np.random.default_rng(0)
    kept = [
        float((rng.normal(size=2_000) > limit_for(rng.normal(size=500), 0.02)).mean())
        for _ in range(40)
    ]
    assert np.mean(kept) == pytest.approx(0.02, abs=0.003)


def test_distance_is_in_spreads_and_capped() -> None:
    known = Novelty((0.0, 1.0), (1.0, 0.5), math.inf, math.inf, 0.01)
    seen = np.array([[0.0, 1.0], [2.0, 1.0], [0.0, 2.0], [1e6, 1.0]], dtype=np.float32)
    assert known.distance(seen).tolist() == [0.0, 2.0, 2.0, 50.0]
    assert Novelty.from_dict(json.loads(json.dumps(known.as_dict()))) == known


def test_disagreement_of_probabilities() -> None:
    assert disagreement(np.array([[0.0, 50.0], [0.0, -50.0]])) == pytest.approx([0.0, 0.5])


def test_what_was_never_seen_is_unfamiliar(fitted: Fitted, small_spec: InputSpec) -> None:
    blocker: Blocker = fitted.blocker
    assert blocker.novelty is not None
    log = painted_log(5)
    table = log.steps()
    frames = log.frames(table.frame)
    rows = [row for row in range(1, 200) if table.episode[row] == table.episode[row - 1]]
    screens = [frames[row - 1 : row + 1] for row in rows]
    previous = table.executed[[row - 1 for row in rows]]
    usual = blocker.unfamiliar(screens, previous)
    assert usual.shape == (len(rows), 6)
    assert usual[np.arange(len(rows)), table.proposed[rows]].mean() < 0.15
    strange = np.zeros((1, 2, 210, 160), dtype=np.uint8)
    strange[..., 34:54, 80:] = 200  # twenty rows full of what was one small square
    assert blocker.unfamiliar(list(strange), previous[:1]).all()
