"""Blockers that look for themselves: the same pictures both ways, and a small task learned."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from blocker import Blocker, InputSpec, NetworkSpec, NotLearned, TrainingSettings, fit_examples
from blocker.amplified import PICTURES, Answers
from blocker.closeups import Middles, closeups_of
from blocker.dataset import NO_ACTION, examples_from_logs
from blocker.explain.maps import HeatMap, integrated_gradients, occlusion
from blocker.eye import Eye
from blocker.picture_fit import fit_states
from blocker.pictures import PictureJudge, PictureNetwork, Pictures
from blocker.sight import CloseUp
from blocker.states import States, states_from_answers
from blocker.testing import FakeLog, table_of
from oversight import AtariGame, LogError, game_named
from oversight.games import PONG

OWN, HARM = 200, 6
SPEC = InputSpec(rows=(34, 74), columns=(20, 80), size=(40, 60), planes=((OWN,), (HARM,)))
SHAPE = NetworkSpec(
    members=2,
    hidden=32,
    drawn=((0,), (1,)),
    closeups=(
        CloseUp((16, 24), 1, (0,), kernel=3, widths=(8, 8)),
        CloseUp((40, 60), 2, (1, 0), kernel=3, widths=(8,)),
    ),
)
SETTINGS = TrainingSettings(epochs=10, patience=10, batch=32, learning_rate=5e-3)


def network(shape: NetworkSpec = SHAPE, spec: InputSpec = SPEC) -> PictureNetwork:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return PictureNetwork(PONG.actions, spec, shape).eval()


def painted(
    states: int = 900, seed: int = 0, *, by_chance: bool = False
) -> tuple[FakeLog, Answers]:
    """Something harmful beside the own thing, near or not: whoever goes there must be stopped."""
    rng = np.random.default_rng(seed)
    screens = np.zeros((states, 210, 160), np.uint8)
    unsafe = np.zeros((states, 6), np.bool_)
    for screen, answers in zip(screens, unsafe, strict=True):
        row, column = rng.integers(44, 64), rng.integers(40, 58)
        screen[row : row + 4, column : column + 4] = OWN
        side, gap = rng.choice((-1, 1)), int(rng.integers(1, 12))
        at = column + 4 + gap if side > 0 else column - gap - 3
        screen[row : row + 3, at : at + 3] = HARM
        if gap <= 5:
            answers[[2, 4] if side > 0 else [3, 5]] = True
    if by_chance:
        unsafe = rng.random(unsafe.shape) < 0.2
    episode, step = np.divmod(np.arange(states), 15)
    proposed = rng.integers(6, size=states)
    table = table_of(episode, step, unsafe[np.arange(states), proposed], proposed=proposed)
    return FakeLog(table, screens), Answers(table.step_id, unsafe, np.ones(states, np.bool_))


@pytest.fixture(scope="module")
def learned() -> Blocker:
    net = network()
    states = states_from_answers([painted()], net)
    return fit_states(states, net, game="pong", actions=PONG.actions, settings=SETTINGS).blocker


def played(game: str, steps: int, seed: int = 1) -> list[np.ndarray]:
    env, rng = AtariGame(game_named(game)), np.random.default_rng(seed)
    env.reset(seed=seed)
    screens = []
    while len(screens) < steps:
        action = int(rng.integers(env.game.n_actions))
        for _ in range(int(rng.integers(1, 12))):
            *_, ended, cut, _ = env.step(action)
            screens.append(env.screen().copy())
            if ended or cut:
                env.reset()
    return screens


def test_close_ups_are_the_same_both_ways_on_play() -> None:
    preset, screens = PICTURES["road_runner"], played("road_runner", 240)
    net = PictureNetwork(game_named("road_runner").actions, preset.input, preset.shape).eval()
    history = preset.input.history
    states = [np.stack(screens[at : at + history]) for at in range(0, 230, 5)]
    prepared = np.stack([preset.input.latest(one) for one in states])
    told = Eye(net).see(states)
    middles = Middles(preset.input, preset.shape)(told)
    slow = closeups_of(torch.from_numpy(prepared), middles, preset.input, preset.shape)
    pictures = Pictures(preset.input, preset.shape)
    lags = preset.input.lags
    chosen = np.concatenate([one[[history - 1 - lag for lag in lags]] for one in states])
    rows = np.arange(len(chosen)).reshape(len(states), len(lags))
    fast = pictures.cut(pictures.drawn(chosen), rows, told)
    for one, other in zip(fast, slow, strict=True):
        assert one.shape == other.shape
        torch.testing.assert_close(one, other)
    assert len(np.unique(middles, axis=0)) > 5
    near = fast[0].reshape(len(states), 3, 5, 56, 72)
    there = prepared[:, -1, 0].any(axis=(1, 2))  # but while it is run over
    assert there.sum() > 20
    assert near[there, -1, 0, 20:36, 28:44].flatten(1).any(dim=1).all()
    assert near[:, :, 4].any(dim=(1, 2, 3)).any()  # and the screen's edge, where it comes near


def test_the_middle_is_where_the_own_thing_was_seen_last() -> None:
    screens = np.zeros((3, 2, 210, 160), np.uint8)
    screens[0, 0, 50:54, 40:44] = OWN  # on the older screen alone
    screens[1, :, 60:64, 50:54] = OWN
    told = Eye(network()).see(list(screens))
    middles = Middles(SPEC, SHAPE)(told)
    assert middles.tolist() == [[52 - 34, 42 - 20], [62 - 34, 52 - 20], [20, 30]]


def test_judges_as_the_network_does() -> None:
    net = network()
    log, _ = painted(40)
    states = [log.screens[at : at + 2] for at in range(0, 40, 2)]
    previous = np.arange(20) % 7 - 1
    prepared = np.stack([SPEC.latest(one) for one in states])
    with torch.inference_mode():
        expected = net(torch.from_numpy(prepared), torch.from_numpy(previous)).numpy()
    judge = PictureJudge(net)
    told, logits = judge.of_screens(states, previous)
    assert told.shape == (20, net.told)
    assert logits.shape == (2, 20, 6)
    np.testing.assert_allclose(logits.mean(axis=0), expected, atol=1e-5)
    np.testing.assert_allclose(judge.of_prepared(prepared, previous), logits, atol=1e-5)
    assert np.ptp(expected, axis=0).max() > 1e-3


def test_reads_states_as_they_are_judged_live() -> None:
    log, answers = painted(45)
    known = answers.known.copy()
    known[7] = False
    net = network()
    states = states_from_answers([(log, Answers(answers.step_id, answers.unsafe, known))] * 2, net)
    assert len(states) == 88
    assert len(np.unique(states.episode)) == 6
    assert (states.previous == NO_ACTION).sum() == 6
    kept = np.flatnonzero(known)
    live = [log.screens[[at - 1 if at % 15 else at, at]] for at in kept]
    np.testing.assert_array_equal(states.told[:44], Eye(net).see(live))
    np.testing.assert_array_equal(states.unsafe[44:], answers.unsafe[kept])
    wrong = Answers(answers.step_id + 1, answers.unsafe, answers.known)
    with pytest.raises(LogError, match="do not fit"):
        states_from_answers([(log, wrong)], net)
    with pytest.raises(ValueError, match="got none"):
        states_from_answers([], net)


def test_learns_what_is_near_and_comes_back_from_its_file(learned: Blocker, tmp_path: Path) -> None:
    log, answers = painted(300, seed=5)
    states = [log.screens[[at, at]] for at in range(300)]
    risks = learned.score(states, np.full(300, NO_ACTION))
    right = (risks >= 0.5) == answers.unsafe
    assert right.mean() > 0.97
    assert ((risks >= learned.threshold) | ~answers.unsafe).mean() > 0.99
    assert learned.readiness is not None
    assert learned.readiness.auc is not None
    assert learned.readiness.auc > 0.95
    path = tmp_path / "blocker.safetensors"
    learned.save(path)
    again = Blocker.load(path)
    assert again.shape == learned.shape
    np.testing.assert_array_equal(again.score(states, np.full(300, NO_ACTION)), risks)
    assert not again.unfamiliar(states[:2], np.array([NO_ACTION, 0])).any()
    assert again.network.learned == sum(weights.numel() for weights in again.network.parameters())


def test_maps_say_that_it_looks_at_what_does_harm(learned: Blocker) -> None:
    log, answers = painted(60, seed=6)
    at = next(i for i in range(60) if answers.unsafe[i, 2])  # to the right of it
    screens = log.screens[[at, at]]
    harm = log.screens[at] == HARM
    around = np.zeros_like(harm)
    around[np.ix_(harm.any(axis=1), harm.any(axis=0))] = True
    heat = HeatMap(learned, patches=20)(screens, None, 2)
    assert heat[around].max() > 0.5  # taken away, it is safe
    for method in (integrated_gradients, occlusion):
        heat = method(learned, SPEC.latest(screens), NO_ACTION, 2)
        assert heat.shape == (2, 40, 60)
        assert np.isfinite(heat).all()
        there = around[34:74, 20:80]
        assert heat[-1][there].mean() > 5 * np.abs(heat[-1][~there]).mean()


def test_a_stop_keeps_what_there_is_by_then_and_the_same_seed_learns_the_same() -> None:
    def fitted(stop_after: int) -> tuple[list[float], bool, Blocker]:
        net, losses, asked = network(), [], iter(range(10**6))
        done = fit_states(
            states_from_answers([painted()], net),
            net,
            game="pong",
            actions=PONG.actions,
            settings=replace(SETTINGS, epochs=6),
            on_epoch=lambda one: losses.append(one.held_out_loss),
            should_stop=lambda: next(asked) >= stop_after,
        )
        return losses, done.report.stopped, done.blocker

    losses, stopped, whole = fitted(10**6)
    assert not stopped
    assert len(losses) == 12
    assert whole.shape.members == 2
    few, stopped, half = fitted(80)
    assert stopped
    assert few == losses[: len(few)]
    assert 3 < len(few) < 6
    assert half.shape.members == len(half.network.members) == 1


def test_answers_by_chance_are_said_to_be_not_learned() -> None:
    net = network(replace(SHAPE, members=1))
    states = states_from_answers([painted(by_chance=True)], net)
    with pytest.raises(NotLearned, match="gather more states"):
        fit_states(
            states, net, game="pong", actions=PONG.actions, settings=replace(SETTINGS, epochs=2)
        )


def test_is_not_gone_on_with_from_single_labels(learned: Blocker) -> None:
    log, _ = painted(60)
    with pytest.raises(ValueError, match="learns from answers about every action"):
        fit_examples(
            examples_from_logs([log], SPEC),
            game="pong",
            actions=PONG.actions,
            spec=SPEC,
            start=learned,
        )


def test_descriptions_of_before_are_read_and_others_refused() -> None:
    shape = replace(SHAPE, members=3)
    told = json.loads(json.dumps(shape.as_dict()))
    assert NetworkSpec.from_dict(told) == shape
    for wrong in ([7], 7, [{**told["closeups"][0], "block": "two"}], [{"block": 2}]):
        with pytest.raises(ValueError, match="expected"):
            NetworkSpec.from_dict({**told, "closeups": wrong})
    before = NetworkSpec(trees=20, hidden=0).as_dict()
    del before["closeups"], before["drawn"]
    assert NetworkSpec.from_dict(before) == NetworkSpec(trees=20, hidden=0)
    del before["trees"]
    with pytest.raises(ValueError, match="other keys"):
        NetworkSpec.from_dict(before)


@pytest.mark.parametrize(
    ("shape", "spec", "said"),
    [
        (replace(SHAPE, drawn=((0,), (2,))), SPEC, "plane numbers under 2"),
        (SHAPE, replace(SPEC, size=(20, 30)), "expected screens of"),
        (SHAPE, replace(SPEC, lags=(0,)), "expected lags of"),
    ],
)
def test_shapes_that_do_not_fit_the_screens_are_refused(
    shape: NetworkSpec, spec: InputSpec, said: str
) -> None:
    with pytest.raises(ValueError, match=said):
        network(shape, spec)


def test_close_ups_that_make_no_sense_are_refused() -> None:
    closeup = SHAPE.closeups[0]
    for wrong in ({"size": (15, 24), "block": 2}, {"lags": ()}, {"widths": ()}, {"kernel": 0}):
        with pytest.raises(ValueError, match="expected"):
            replace(closeup, **wrong)  # type: ignore[arg-type]
    for wrong in ({"closeups": ()}, {"drawn": ()}, {"trees": 10}):
        with pytest.raises(ValueError, match="expected close-ups"):
            replace(SHAPE, **wrong)  # type: ignore[arg-type]


def test_the_states_of_a_fit_are_as_many_as_there_are() -> None:
    states = states_from_answers([painted(30)], network())
    assert isinstance(states, States)
    proposed = states.unsafe[np.arange(30), states.proposed]
    np.testing.assert_array_equal(states.proposed_unsafe, proposed)
