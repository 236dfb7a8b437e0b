import json
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from blocker import InputSpec, input_for
from blocker.dataset import examples_from_logs
from blocker.presets import PRESETS
from oversight import AtariGame, InterventionLog, LogMeta, OracleOverseer, OversightWrapper
from oversight.games import PONG
from oversight.types import Decision, Proposal


class Recording:
    """An oracle that keeps the proposals it was shown."""

    def __init__(self, oracle: OracleOverseer) -> None:
        self.oracle = oracle
        self.seen: list[Proposal] = []

    def review(self, proposals: list[Proposal]) -> list[Decision]:
        self.seen += [p for p in proposals if not p.recheck]
        return self.oracle.review(proposals)


def test_shares_of_a_colour(small_spec: InputSpec) -> None:
    screen = np.zeros((1, 210, 160), dtype=np.uint8)
    screen[0, 34:38, 80:88] = 200  # exactly the first pixel of 4 x 8
    screen[0, 38:40, 80:88] = 200  # and half of the one below
    screen[0, 60:80, 80:88] = 14  # another colour is not seen
    out = small_spec.prepare(screen)
    assert out.shape == (1, 1, 40, 10)
    assert out[0, 0, 0, 0] == 255
    assert abs(int(out[0, 0, 1, 0]) - 255 / 2) <= 0.5
    assert (out[0, 0, 2:] == 0).all()


def test_colours_of_a_group_are_one_thing(small_spec: InputSpec) -> None:
    both = replace(small_spec, planes=((200,), (14, 56)))
    screen = np.zeros((1, 210, 160), dtype=np.uint8)
    screen[0, 34:38, 80:84], screen[0, 34:38, 84:88] = 14, 56
    out = both.prepare(screen)
    assert out.shape == (1, 2, 40, 10)
    assert (out[0, 0, 0, 0], out[0, 1, 0, 0]) == (0, 255)


def test_pong_keeps_every_row_of_the_paddle() -> None:
    spec = input_for("pong")
    seen = set()
    for bottom in range(140, 178, 2):
        screen = np.full((1, 210, 160), 50, dtype=np.uint8)
        screen[0, bottom - 16 : bottom, 140:144] = 200
        seen.add(spec.prepare(screen).tobytes())
    assert len(seen) == len(range(140, 178, 2))


@pytest.mark.parametrize(
    "screens",
    [
        np.zeros((210, 160), dtype=np.uint8),
        np.zeros((2, 84, 84), dtype=np.uint8),
        np.zeros((2, 210, 160), dtype=np.float32),
    ],
)
def test_refuses_other_screens(screens: np.ndarray) -> None:
    with pytest.raises(ValueError, match=r"uint8 \(k, 210, 160\)"):
        input_for("pong").prepare(screens)


def test_refuses_bad_crops_and_unknown_games() -> None:
    with pytest.raises(ValueError, match="rows"):
        InputSpec(rows=(100, 90), columns=(0, 160), size=(10, 10), planes=((1,),))
    for planes in ((), ((),), ((300,),)):
        with pytest.raises(ValueError, match="palette"):
            InputSpec(rows=(0, 90), columns=(0, 160), size=(10, 10), planes=planes)
    for lags in ((), (0, 1), (2, 1)):
        with pytest.raises(ValueError, match="lags"):
            replace(input_for("pong"), lags=lags)
    with pytest.raises(ValueError, match="expected one of pong, road_runner, space_invaders"):
        input_for("tennis")


def test_too_few_screens_say_what_to_do() -> None:
    with pytest.raises(ValueError, match="history"):
        input_for("pong").latest(np.zeros((1, 210, 160), dtype=np.uint8))


def test_lags_choose_the_moments(small_spec: InputSpec) -> None:
    spec = replace(small_spec, lags=(3, 1, 0))
    assert (spec.history, spec.screens) == (4, 3)
    screens = np.zeros((5, 210, 160), dtype=np.uint8)
    for age, screen in enumerate(screens[::-1]):
        screen[34 + 4 * age : 38 + 4 * age] = 200
    rows = [int(one[0, :, 0].argmax()) for one in spec.latest(screens)]
    assert rows == [3, 1, 0]


def test_survives_json() -> None:
    spec = input_for("road_runner")
    assert InputSpec.from_dict(json.loads(json.dumps(spec.as_dict()))) == spec
    with pytest.raises(ValueError, match="columns"):
        InputSpec.from_dict({"rows": [0, 1]})
    with pytest.raises(ValueError, match="whole number"):
        InputSpec.from_dict({**spec.as_dict(), "lags": ["two"]})


def test_live_and_logged_inputs_are_the_same(tmp_path: Path) -> None:
    game = AtariGame(PONG)
    overseer = Recording(OracleOverseer([game.truth]))
    meta = LogMeta("pong", PONG.actions, (210, 160), "uint8", "zone")
    spec = input_for("pong")
    rng = np.random.default_rng(3)
    path = tmp_path / "log.sqlite"
    with InterventionLog.create(path, meta) as log:
        env = OversightWrapper(game, overseer, sink=log)
        for seed in (1, 2):
            env.reset(seed=seed)
            for _ in range(60):
                env.step(int(rng.choice([3, 3, int(rng.integers(6))])))
        env.close()
    with InterventionLog.open(path, read_only=True) as log:
        examples = examples_from_logs([log], spec).proposed
    assert len(examples) == len(overseer.seen) == 120
    assert examples.positives > 5
    for row, proposal in enumerate(overseer.seen):
        logged = examples.images[examples.screens[row]]
        assert np.array_equal(logged, spec.latest(proposal.screens))
        previous = -1 if proposal.last_executed is None else proposal.last_executed
        assert examples.previous[row] == previous
        assert examples.action[row] == proposal.action
    assert set(examples.previous[examples.step == 0]) == {-1}
    assert len(set(examples.previous.tolist())) > 2


@pytest.mark.parametrize(
    "spec",
    [
        *(PRESETS[name].input for name in sorted(PRESETS)),
        InputSpec((0, 210), (0, 160), (70, 32), ((3, 200), (56,))),  # blocks of 3 x 5
        InputSpec((5, 105), (10, 110), (100, 100), ((200,),)),  # as they are
        InputSpec((34, 194), (0, 160), (84, 84), ((200,), (56,))),  # no whole blocks
    ],
)
def test_many_screens_at_once_are_prepared_as_one_plane_of_one_screen_is(spec: InputSpec) -> None:
    rng = np.random.default_rng(0)
    # Noise of the colours that count, and others: every count of every block comes about.
    colours = [index for group in spec.planes for index in group] + [0, 2]
    screens = rng.choice(np.array(colours, np.uint8), (19, 210, 160))
    screens[3] = colours[0]
    got = spec.prepare(screens)
    for place, group in enumerate(spec.planes):
        for shown, screen in zip(got, screens, strict=True):
            mask = np.isin(screen, group)[slice(*spec.rows), slice(*spec.columns)]
            plane = cv2.resize(
                (mask * 255).astype(np.uint8), spec.size[::-1], interpolation=cv2.INTER_AREA
            )
            assert np.array_equal(shown[place], plane)
