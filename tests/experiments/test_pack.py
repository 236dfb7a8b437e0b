"""The packs of the games: sizes, policies, and one built from end to end."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from blocker.pack import Manifest, log_path
from experiments.__main__ import main
from experiments.adversaries import adversaries_of
from experiments.pack import RECIPES, PackSettings, recipe_for
from oversight import RunError


@pytest.mark.parametrize("game", RECIPES)
def test_what_is_learned_from_is_in_the_test_part_with_others(game: str) -> None:
    recipe = recipe_for(PackSettings(game=game, out=Path("x")))
    train, test = recipe.parts["train"].policies, recipe.parts["test"].policies
    assert set(train) == set(recipe.parts["calibrate"].policies)
    assert set(train) < set(test)
    simple = [name for name in test if not name.startswith("agent")]
    assert set(simple) <= set(adversaries_of(game)) | {"long_held"}
    assert recipe.parts["train"].guards == ("rule",)


def test_a_pack_is_built_with_agents_that_learn(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "pack"
    assert main(["pack", "--game", "space_invaders", "--out", str(out), "--scale", "0.003"]) == 0
    manifest = Manifest.load(out)
    assert manifest.age_of("agent_500") < manifest.age_of("agent_2500")
    assert manifest.parts["test"].steps == 6 * 3
    assert log_path(out, "train").exists()
    assert main(["pack", "--game", "space_invaders", "--out", str(out)]) == 2
    assert "not empty" in capsys.readouterr().err


def test_bad_settings_are_refused() -> None:
    good = PackSettings(game="pong", out=Path("x"))
    for bad, words in (
        (replace(good, game="chess"), "no pack of 'chess'"),
        (replace(good, scale=0.0), "scale above 0"),
        (replace(good, seed=-1), "seed of 0"),
    ):
        with pytest.raises(RunError, match=words):
            bad.check()
