from pathlib import Path

import pytest

from blocker.naming import view_for
from experiments.naming.pool import Pool, gather_pool
from experiments.reporter import Reporter


@pytest.fixture(scope="session")
def pong(tmp_path_factory: pytest.TempPathFactory) -> Pool:
    return gathered(tmp_path_factory.mktemp("pool") / "pong.npz", "pong", 1_500)


def gathered(path: Path, game: str, steps: int) -> Pool:
    return gather_pool(
        path, game, view_for(game), steps, seed=0, reporter=Reporter(), stop=lambda: False
    )
