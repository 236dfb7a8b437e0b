from dataclasses import replace

import numpy as np
import pytest
import torch

from blocker import Fitted, InputSpec, NetworkSpec, TrainingSettings, examples_from_logs
from blocker.fitting import fit_examples
from blocker.foresight import HALVES, Foresight, Moves, halves, learn_moves, moves_seen
from blocker.judging import seen_by
from blocker.network import BlockerNetwork, TreeMember
from blocker.presets import preset_for
from blocker.sight import FAR
from blocker.telling import action_factors
from blocker.testing import FakeLog, fall, falling_log, leads_to_harm
from blocker.threshold import ThresholdRule
from oversight.games import PONG
from oversight.log.table import UNSAFE

SPEC = InputSpec(rows=(34, 194), columns=(130, 150), size=(160, 10), planes=((200,),))
SHAPE = NetworkSpec(members=4, trees=60, leaves=8, hidden=0, ahead=3)
NOOP, FIRE, RIGHT, LEFT = 0, 1, 2, 3
FACTORS = torch.cat([action_factors(PONG.actions), torch.zeros(1, 5)])


@pytest.fixture(scope="module")
def log() -> FakeLog:
    return falling_log(0)


def fit(log: FakeLog, shape: NetworkSpec = SHAPE) -> Fitted:
    return fit_examples(
        examples_from_logs([log], SPEC),
        game="pong",
        actions=PONG.actions,
        spec=SPEC,
        shape=shape,
        settings=TrainingSettings(seed=3),
        rule=ThresholdRule(highest=0.02),
    )


def without(log: FakeLog, action: int) -> FakeLog:
    """The log with no judgement that this action was unsafe: such steps were never seen."""
    taught = (log.table.verdict == UNSAFE) & (log.table.proposed == action)
    proposed = np.where(taught, LEFT, log.table.proposed)
    return replace(log, table=replace(log.table, proposed=proposed))


def told(row: float, moved: float, there: bool = True) -> torch.Tensor:
    """What a foresight of first number 0, earlier number 3 is told; in pixels."""
    return torch.tensor([[float(there), 0.0, row / 10, 1.0, 0.0, (row - moved) / 10]])


def pushed() -> Foresight:
    """LEFT moves 4 pixels down, RIGHT 6 up, others go on by half of the last move."""
    foresight = Foresight(0, 3, 6, 2)
    last = (torch.arange(HALVES) - HALVES // 2) / 20
    foresight.moves.copy_((last / 2)[:, None, None].expand_as(foresight.moves))
    foresight.moves[:, :, LEFT] = 0.4
    foresight.moves[:, :, RIGHT] = -0.6
    return foresight


def test_an_action_is_followed_one_step_and_then_the_way_back() -> None:
    ways = pushed()(told(20, 8), torch.tensor([NOOP]))[0] * 10
    assert ways[LEFT].tolist() == pytest.approx([24, 24])  # down 4; back up 6 a step, or on down
    assert ways[RIGHT].tolist() == pytest.approx([14, 14])
    assert ways[NOOP].tolist() == pytest.approx([24, 24])  # coasts


def test_coasting_on_while_turning_back_counts() -> None:
    foresight = pushed()
    # Whatever is done after LEFT goes down once more; only then does RIGHT turn it back.
    foresight.moves[:, LEFT, :] = 0.2
    down = foresight(told(0, 0), torch.tensor([NOOP]))[0, :, 0] * 10
    assert down[LEFT] == pytest.approx(6)
    assert down[RIGHT] == pytest.approx(-6)


def test_the_margin_leads_further_both_ways() -> None:
    foresight = pushed()
    before = foresight(told(20, 8), torch.tensor([NOOP]))
    foresight.keep_away(3.0)
    after = foresight(told(20, 8), torch.tensor([NOOP]))
    torch.testing.assert_close(after - before, torch.tensor([0.3, -0.3]).expand(1, 6, 2))


def test_what_is_not_there_leads_nowhere_and_has_not_moved() -> None:
    foresight = pushed()
    ways = foresight(told(20, 8, there=False), torch.tensor([NOOP]))
    assert (ways == torch.tensor([-FAR, FAR])).all()
    appeared = told(20, 8)
    appeared[0, 3] = 0.0
    ways = foresight(appeared, torch.tensor([-1]))
    assert (ways[0, NOOP] * 10).tolist() == pytest.approx([20, 20])


def test_moves_are_told_apart_by_half_pixels() -> None:
    moved = torch.tensor([-99.0, -0.1, -0.04, 0.0, 0.05, 0.1, 99.0])
    middle = HALVES // 2
    expected = [0, middle - 2, middle - 1, middle, middle + 1, middle + 2, HALVES - 1]
    assert halves(moved).tolist() == expected


def test_motion_is_learned_as_it_is(log: FakeLog) -> None:
    examples = examples_from_logs([log], SPEC)
    net = BlockerNetwork(PONG.actions, SPEC, SHAPE)
    seen, rows = seen_by(net, examples)
    moves = moves_seen(seen.numpy(), rows, examples, own=0)
    assert len(moves) > 1000
    table = learn_moves(moves, FACTORS, seed=0)
    for speed in (-8.0, 0.0, 8.0):
        half = int(halves(torch.tensor(speed / 10)))
        for action in (NOOP, RIGHT, LEFT):
            expected = fall(100, speed, action)[0] - 100
            assert float(table[half, NOOP, action]) * 10 == pytest.approx(expected, abs=1.5)
    assert torch.equal(table, learn_moves(moves, FACTORS, seed=0))


def test_only_consecutive_steps_of_the_whole_thing_show_a_move(log: FakeLog) -> None:
    net = BlockerNetwork(PONG.actions, SPEC, SHAPE)

    def moves(some: FakeLog, keep: slice) -> Moves:
        kept = examples_from_logs([some], SPEC).proposed
        kept = kept.where(np.arange(len(kept))[keep])
        seen, rows = seen_by(net, kept)
        return moves_seen(seen.numpy(), rows, kept, own=0)

    whole = (log.screens[:, 34:194, 136] == 200).sum(axis=1) == 8
    first = np.flatnonzero(log.table.step[:-1] < log.table.step[1:])  # the last leads to none
    assert 1000 < len(moves(log, slice(None))) == (whole[first] & whole[first + 1]).sum() < 1750
    assert len(moves(log, slice(None, None, 2))) == 0
    cut = log.screens.copy()
    middle = next(n for n in first if whole[n - 1 : n + 2].all() and log.table.step[n] > 1)
    cut[middle, :, 140:144] = 20  # half of it is missing: it neither begins nor ends a move
    assert len(moves(replace(log, screens=cut), slice(None))) == len(moves(log, slice(None))) - 2


def test_too_few_moves_are_refused() -> None:
    few = Moves(np.zeros(49), np.zeros(49, np.int64), np.zeros(49, np.int64), np.zeros(49))
    with pytest.raises(ValueError, match="expected 50 steps in a row or more"):
        learn_moves(few, FACTORS, seed=0)


def test_what_no_label_was_of_is_blocked_as_well(log: FakeLog) -> None:
    """Coasting into harm: not one example of NOOP or FIRE is unsafe."""
    taught = without(without(log, NOOP), FIRE)
    examples = examples_from_logs([taught], SPEC)
    assert not np.isin(examples.action[examples.unsafe], [NOOP, FIRE]).any()
    fitted = fit(taught, replace(SHAPE, margin=1.0)).blocker
    test = falling_log(1)
    risks, unsafe, safe = [], [], []
    table = test.table
    for number in range(1, len(table)):
        if table.step[number] < 2:
            continue
        screens = test.screens[number - 1 : number + 1]
        speed = float(np.argmax(screens[1, :, 140] == 200) - np.argmax(screens[0, :, 140] == 200))
        previous = np.array([table.executed[number - 1]])
        risks.append(fitted.score([screens], previous)[0, NOOP])
        row = int(np.argmax(screens[1, :, 140] == 200))
        # Its true speed is known to half a pixel.
        unsafe.append(leads_to_harm(row - 2, speed, NOOP))
        safe.append(not leads_to_harm(row + 5, speed, NOOP))
    blocked = np.array(risks) >= fitted.threshold
    assert sum(unsafe) > 20
    assert blocked[unsafe].all()
    assert not blocked[safe].any()


def test_a_margin_is_kept_only_once_the_threshold_is_chosen(log: FakeLog) -> None:
    near, far = fit(log).blocker, fit(log, replace(SHAPE, margin=4.0)).blocker
    assert near.threshold == far.threshold
    screens, previous = [log.screens[5:7]], np.array([NOOP])
    for one in far.network.each():
        assert isinstance(one, TreeMember)
        assert one.foresight is not None
        one.foresight.keep_away(0.0)
    np.testing.assert_array_equal(
        near.score(screens, previous), replace(far, novelty=None).score(screens, previous)
    )


def test_looking_ahead_needs_trees_alone_and_the_last_two_screens() -> None:
    for wrong in ({"trees": 0, "hidden": 8}, {"hidden": 8}):
        with pytest.raises(ValueError, match="expected trees and no hidden units"):
            replace(SHAPE, **wrong)
    with pytest.raises(ValueError, match="the current screen and the one before to look ahead"):
        BlockerNetwork(PONG.actions, replace(SPEC, lags=(2, 0)), SHAPE)


def test_who_sees_one_screen_only_goes_by_what_is_on_it() -> None:
    preset = preset_for("pong")
    assert preset.shape_for(preset.input) == preset.shape
    alone = preset.shape_for(replace(preset.input, lags=(0,)))
    assert alone == preset.amplified
    assert not alone.ahead
