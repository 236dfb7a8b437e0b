import itertools
import json
from dataclasses import replace
from pathlib import Path

import pytest

from blocker import Blocker, Preset, TrainingSettings
from blocker.amplified import Answers, amplified_preset
from blocker.sight import CloseUp
from experiments.amplified_study import AmplifiedStudySettings, amplified_study
from experiments.gathering import EXPLORING, answering_game, gather
from experiments.phases import episode_seed
from experiments.reporter import Reporter
from oversight import (
    AllowAll,
    GateSettings,
    InterventionLog,
    Mode,
    OracleOverseer,
    OversightWrapper,
    RunError,
)
from oversight.log.checking import check_log
from oversight.log.mark import MarkState


def gathered(
    folder: Path, game: str, steps: int, proposers: tuple[str, ...] = (EXPLORING,)
) -> Path:
    path, answers = gather(
        folder / "states.sqlite",
        game,
        proposers,
        steps,
        lambda env: OracleOverseer([env.truth]),
        seed=4,
        segment_steps=100,
        reporter=Reporter(),
        stop=lambda: False,
    )
    assert answers == folder / "states.npz"
    return path


@pytest.mark.parametrize("game", ["pong", "space_invaders"])
def test_answers_are_those_of_asking_action_by_action_in_a_replay(
    tmp_path: Path, game: str
) -> None:
    path = gathered(tmp_path, game, 150)
    answers = Answers.load(path.with_suffix(".npz"))
    with InterventionLog.open(path, read_only=True) as log:
        executed = log.steps().executed
    env = answering_game(game, 100)
    again = OversightWrapper(
        env, AllowAll(), GateSettings(mode=Mode.OFF), episode_seed=episode_seed(4_000)
    )
    over = True
    for action, unsafe, known in zip(executed, answers.unsafe, answers.known, strict=True):
        if over:
            again.reset()
        assert known
        asked = [env.rule.unsafe(each) for each in range(env.game.n_actions)]
        assert asked == unsafe.tolist()
        *_, ended, cut, _ = again.step(int(action))
        over = ended or cut
    assert answers.unsafe.any()


def test_what_is_there_is_not_gathered_again(tmp_path: Path) -> None:
    path = gathered(tmp_path, "pong", 60, (EXPLORING, "harm"))
    with InterventionLog.open(path, read_only=True) as log:
        phases = log.steps().phase.tolist()
    assert phases == [EXPLORING] * 60 + ["harm"] * 60
    assert not [each.name for each in tmp_path.iterdir() if ".part" in each.name]
    assert check_log(path).condition.state is MarkState.WHOLE
    before = path.stat().st_mtime_ns
    assert gathered(tmp_path, "pong", 60, (EXPLORING, "harm")).stat().st_mtime_ns == before


def test_a_stop_leaves_no_states_that_look_whole(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="begins anew"):
        gather(
            tmp_path / "states.sqlite",
            "pong",
            (EXPLORING,),
            50,
            lambda env: OracleOverseer([env.truth]),
            seed=0,
            segment_steps=100,
            reporter=Reporter(),
            stop=lambda: True,
        )
    assert not (tmp_path / "states.sqlite").exists()
    assert not (tmp_path / "states.npz").exists()


def test_refuses_what_cannot_be_run() -> None:
    for wrong in (
        {"games": ("tennis",)},
        {"proposers": ("nobody",)},
        {"learn_from": ("nobody",)},
        {"rounds": 0},
        {"states": 0},
        {"seeds": (-1,)},
        {"pictures": True},  # of Pong as well, which has none
    ):
        with pytest.raises(RunError):
            AmplifiedStudySettings(**wrong).check()  # type: ignore[arg-type]


@pytest.fixture
def few_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    """A fifth of the passes: a thousand states of Pong do not need more."""

    def preset(game: str, *, pictures: bool) -> Preset:
        whole = amplified_preset(game, pictures=pictures)
        return replace(whole, training=TrainingSettings.quick())

    monkeypatch.setattr("experiments.amplified_study.amplified_preset", preset)


@pytest.mark.slow
@pytest.mark.usefixtures("few_passes")
def test_rounds_learn_from_each_other_and_are_kept(tmp_path: Path) -> None:
    settings = AmplifiedStudySettings(
        games=("pong",),
        states=400,
        rounds=2,
        every_round=True,
        steps=120,
        unguarded_steps=20,
        proposers=("harm",),
        work=tmp_path / "work",
        out=tmp_path / "rows.json",
    ).check()
    first, second = amplified_study(settings, Reporter(), lambda: False)
    assert (first.labels, second.labels) == (800, 1_600)
    assert (first.rule, second.rule) == ("amplified, round 1", "amplified, round 2")
    kept = json.loads((tmp_path / "rows.json").read_text())
    assert [row["loop"]["missed"] for row in kept] == [first.loop.missed, second.loop.missed]
    assert second.loop.unsafe > 10
    assert second.loop.missed == 0
    logs = sorted((tmp_path / "work").glob("*.sqlite"))
    with InterventionLog.open(logs[1], read_only=True) as log:
        assert set(log.steps().source.tolist()) == {"blocker"}  # the first round's guards here
    assert amplified_study(settings, Reporter(), lambda: False) == [first, second]


@pytest.mark.slow
@pytest.mark.usefixtures("few_passes")
def test_a_training_that_was_stopped_is_not_taken_for_a_whole_one(tmp_path: Path) -> None:
    settings = AmplifiedStudySettings(
        games=("pong",), states=400, rounds=1, steps=0, work=tmp_path
    ).check()
    amplified_study(settings, Reporter(), lambda: False)
    (whole,) = tmp_path.glob("*.safetensors")
    whole.unlink()
    asked = itertools.count()
    amplified_study(settings, Reporter(), lambda: next(asked) > 3)
    assert not list(tmp_path.glob("*.safetensors"))


@pytest.mark.slow
def test_one_that_looks_for_itself_learns_from_the_same_states(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # 600 states teach little; that it learns from enough, tests/blocker/test_pictures.py shows.
    monkeypatch.setattr("blocker.picture_fit.LEARNED_AUC", 0.5)
    monkeypatch.setattr("experiments.amplified_study.segment_of", lambda _: 60)
    closeup = CloseUp((24, 32), 2, (0,), kernel=3, widths=(8,))
    whole = amplified_preset("road_runner", pictures=True)
    small = replace(
        whole,
        shape=replace(whole.shape, members=1, hidden=32, closeups=(closeup,)),
        training=replace(whole.training, epochs=6, batch=16),
    )
    monkeypatch.setattr("experiments.amplified_study.amplified_preset", lambda *_, **__: small)
    settings = AmplifiedStudySettings(
        games=("road_runner",),
        states=300,
        rounds=1,
        pictures=True,
        steps=40,
        unguarded_steps=0,
        proposers=("held",),
        work=tmp_path,
        out=tmp_path / "rows.json",
    ).check()
    (row,) = amplified_study(settings, Reporter(), lambda: False)
    assert row.rule == "amplified-pictures, round 1"
    assert row.labels == 600
    assert row.loop.steps == 40
    names = sorted(path.name for path in tmp_path.glob("*.s*"))
    assert "road_runner-exploring-greedy-0-300-0.sqlite" in names  # which trees learn from as well
    (path,) = tmp_path.glob("*-pictures.safetensors")
    assert Blocker.load(path).shape.closeups == (closeup,)
    assert amplified_study(settings, Reporter(), lambda: False) == [row]
