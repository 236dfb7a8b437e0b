from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import torch
from gymnasium import spaces
from numpy.typing import NDArray
from stable_baselines3.common.buffers import ReplayBuffer
from stable_baselines3.common.type_aliases import ReplayBufferSamples

from agents import Credit, FrameReplayBuffer, OverseenReplayBuffer

SHAPE = (4, 6, 5)
ACTIONS = spaces.Discrete(6)
SCREENS = spaces.Box(0, 255, SHAPE, np.uint8)
Add = tuple[NDArray[np.uint8], NDArray[np.uint8], Any, Any, Any, list[dict[str, Any]]]


def make(kind: type[OverseenReplayBuffer], size: int, **options: object) -> OverseenReplayBuffer:
    rng = np.random.default_rng(7)
    return kind(size, SCREENS, ACTIONS, "cpu", rng=rng, **options)  # type: ignore[arg-type]


def stream(steps: int, lengths: tuple[int, int], seed: int = 0) -> Iterator[Add]:
    """Transitions of episodes of random lengths, some terminated and some truncated."""
    rng = np.random.default_rng(seed)
    left = 0
    for _ in range(steps):
        if left == 0:
            left = int(rng.integers(*lengths, endpoint=True))
            stack = np.repeat(rng.integers(0, 256, (1, *SHAPE[1:]), dtype=np.uint8), 4, axis=0)
        frame = rng.integers(0, 256, (1, *SHAPE[1:]), dtype=np.uint8)
        # Now and then a screen stands still.
        frame = stack[-1:] if rng.random() < 0.1 else frame
        following = np.concatenate([stack[1:], frame])
        left -= 1
        truncated = left == 0 and rng.random() < 0.5
        info = {"TimeLimit.truncated": truncated, "oversight": {"executed_action": 5, "rewound": 0}}
        yield (
            stack[None],
            following[None],
            rng.integers(0, 5, size=1),
            rng.normal(size=1).astype(np.float32),
            np.array([left == 0]),
            [info],
        )
        stack = following


def assert_same(ours: ReplayBufferSamples, theirs: ReplayBufferSamples) -> None:
    for name in ("observations", "actions", "next_observations", "dones", "rewards"):
        a, b = getattr(ours, name), getattr(theirs, name)
        assert a.dtype == b.dtype, name
        assert torch.equal(a, b), name


@pytest.mark.parametrize("kind", [FrameReplayBuffer, OverseenReplayBuffer])
@pytest.mark.parametrize("steps", [50, 64, 65, 500])
def test_the_same_indices_give_the_same_batch_as_sb3(
    kind: type[OverseenReplayBuffer], steps: int
) -> None:
    ours, theirs = make(kind, 64), ReplayBuffer(64, SCREENS, ACTIONS, "cpu")
    for transition in stream(steps, (30, 90)):
        ours.add(*transition)
        theirs.add(*transition)
    assert ours.size() == theirs.size()
    every = np.arange(theirs.size())
    assert_same(ours._get_samples(every), theirs._get_samples(every))


def test_with_short_episodes_it_holds_fewer_but_never_wrong_transitions() -> None:
    ours, theirs = make(FrameReplayBuffer, 64), ReplayBuffer(64, SCREENS, ACTIONS, "cpu")
    for transition in stream(400, (1, 3)):
        ours.add(*transition)
        theirs.add(*transition)
        newest = (ours.pos - 1 - np.arange(ours.size())) % 64
        assert_same(ours._get_samples(newest), theirs._get_samples(newest))
    assert 16 < ours.size() < 64


def test_truncated_episodes_bootstrap_and_terminated_ones_do_not() -> None:
    buffer = make(FrameReplayBuffer, 8)
    obs, following, action, reward, _, _ = next(stream(1, (5, 5)))
    for truncated in (True, False):
        infos = [{"TimeLimit.truncated": truncated}]
        buffer.add(obs, following, action, reward, np.array([True]), infos)
    assert buffer._get_samples(np.array([0, 1])).dones.squeeze(1).tolist() == [0.0, 1.0]


@pytest.mark.parametrize("kind", [FrameReplayBuffer, OverseenReplayBuffer])
def test_the_proposed_or_the_executed_action_is_credited(kind: type[OverseenReplayBuffer]) -> None:
    proposed, executed = make(kind, 16), make(kind, 16, credit=Credit.EXECUTED)
    actions = []
    for transition in stream(10, (30, 30)):
        proposed.add(*transition)
        executed.add(*transition)
        actions.append(int(transition[2][0]))
    every = np.arange(10)
    assert proposed._get_samples(every).actions.squeeze(1).tolist() == actions
    assert executed._get_samples(every).actions.squeeze(1).tolist() == [5] * 10


def test_crediting_what_nobody_told_is_refused() -> None:
    buffer = make(OverseenReplayBuffer, 4, credit=Credit.EXECUTED)
    with pytest.raises(ValueError, match="executed_action"):
        buffer.add(*next(stream(1, (5, 5)))[:5], [{}])
    assert buffer.size() == 0


@pytest.mark.parametrize("credit", list(Credit))
@pytest.mark.parametrize("kind", [FrameReplayBuffer, OverseenReplayBuffer])
@pytest.mark.parametrize("before", [0, 10, 40])
def test_after_a_rewind_the_step_done_anew_begins_where_the_first_undone_one_did(
    kind: type[OverseenReplayBuffer], before: int, credit: Credit
) -> None:
    rewound, straight = make(kind, 32, credit=credit), make(kind, 32, credit=credit)
    played = list(stream(before + 6, (90, 90)))
    kept, (first, *_) = played[:before], played[before:]
    after = list(stream(9, (90, 90), seed=3))
    foreign, end, _, reward, done, _ = after[0]
    for transition in played:
        rewound.add(*transition)
    # The learner holds the observation and the action of a step that was never made.
    told = [{"oversight": {"rewound": 6, "executed_action": 2}}]
    rewound.add(foreign, end, (first[2] + 1) % 6, reward, done, told)
    assert rewound.size() == min(before + 6, 32) - 5
    once = [{"oversight": {"executed_action": 2}}]
    for transition in [*kept, (first[0], end, first[2], reward, done, once)]:
        straight.add(*transition)
    for transition in after[1:]:
        rewound.add(*transition)
        straight.add(*transition)
    ages = np.arange(rewound.size())
    assert rewound.size() >= min(before, 14) + 9
    assert_same(
        rewound._get_samples((rewound.pos - 1 - ages) % 32),
        straight._get_samples((straight.pos - 1 - ages) % 32),
    )


@pytest.mark.parametrize("kind", [FrameReplayBuffer, OverseenReplayBuffer])
def test_a_step_done_anew_whose_beginning_is_not_stored_is_not_stored(
    kind: type[OverseenReplayBuffer],
) -> None:
    buffer = make(kind, 32)
    for transition in stream(3, (50, 50)):
        buffer.add(*transition)
    buffer.add(*next(stream(1, (50, 50)))[:5], [{"oversight": {"rewound": 4}}])
    assert buffer.size() == 0


@pytest.mark.parametrize("kind", [FrameReplayBuffer, OverseenReplayBuffer])
def test_rewinds_without_end_leave_only_right_transitions(
    kind: type[OverseenReplayBuffer],
) -> None:
    # Frames of undone steps fill the ring, and older transitions give way: none may be wrong.
    rng = np.random.default_rng(5)
    buffer = make(kind, 32)
    stands: list[Add] = []
    for transition in stream(600, (40, 90)):
        if rng.random() < 0.2 and len(stands) > 8 and not any(t[4][0] for t in stands[-6:]):
            undone = int(rng.integers(1, 6))
            first = stands[-undone]
            stands = stands[:-undone]
            info = [{"oversight": {"rewound": undone}}]
            buffer.add(*transition[:5], info)
            stands.append((first[0], transition[1], first[2], *transition[3:]))
        else:
            buffer.add(*transition)
            stands.append(transition)
        assert buffer.size() > 0
        got = buffer._get_samples((buffer.pos - 1 - np.arange(buffer.size())) % 32)
        right = stands[::-1][: buffer.size()]
        assert (got.observations.numpy() == np.concatenate([t[0] for t in right])).all()
        assert (got.next_observations.numpy() == np.concatenate([t[1] for t in right])).all()
        assert got.actions.squeeze(1).tolist() == [int(t[2][0]) for t in right]
    assert buffer.size() == 32 or kind is FrameReplayBuffer


def test_frames_of_undone_steps_make_room_again() -> None:
    buffer = make(FrameReplayBuffer, 64)
    assert isinstance(buffer, FrameReplayBuffer)
    for transition in stream(40, (90, 90)):
        buffer.add(*transition)
    written = buffer.ring.head
    for _ in range(30):
        for transition in stream(5, (90, 90), seed=2):
            buffer.add(*transition)
        buffer.drop(5)
    assert (buffer.size(), buffer.ring.head) == (40, written + 4)  # another episode's first stack
    for transition in stream(5, (90, 90), seed=2):
        buffer.add(*transition)
    buffer.drop(0)
    assert (buffer.size(), buffer.ring.head) == (45, written + 9)


def test_dropping_more_than_there_is_leaves_nothing_to_sample() -> None:
    buffer = make(FrameReplayBuffer, 8)
    buffer.add(*next(stream(1, (5, 5))))
    buffer.drop(3)
    assert buffer.size() == 0
    with pytest.raises(ValueError, match="empty buffer"):
        buffer.sample(1)
    with pytest.raises(ValueError, match="at least 0"):
        buffer.drop(-1)


def test_batches_come_from_the_own_generator_and_reach_every_transition() -> None:
    first, second = make(FrameReplayBuffer, 16), make(FrameReplayBuffer, 16)
    for index, transition in enumerate(stream(23, (50, 50))):
        reward = np.array([index], dtype=np.float32)
        changed = (*transition[:3], reward, *transition[4:])
        first.add(*changed)
        second.add(*changed)
    np.random.seed(0)  # noqa: NPY002 - the global state must make no difference
    batch = first.sample(400)
    np.random.seed(1)  # noqa: NPY002
    assert_same(batch, second.sample(400))
    assert set(batch.rewards.squeeze(1).int().tolist()) == set(range(7, 23))


@pytest.mark.parametrize("kind", [FrameReplayBuffer, OverseenReplayBuffer])
@pytest.mark.parametrize("steps", [0, 20, 100])
def test_a_restored_buffer_continues_like_the_original(
    kind: type[OverseenReplayBuffer], steps: int
) -> None:
    original, copy = make(kind, 32), make(kind, 32)
    transitions = list(stream(steps + 20, (4, 60)))
    for transition in transitions[:steps]:
        original.add(*transition)
    if steps:
        original.drop(3)
    state = {name: array.copy() for name, array in original.state().items()}
    copy.restore(state)
    for transition in transitions[steps:]:
        original.add(*transition)
        copy.add(*transition)
    assert copy.size() == original.size()
    assert_same(copy.sample(64), original.sample(64))


def test_a_state_of_another_size_is_refused() -> None:
    big, small = make(FrameReplayBuffer, 64), make(FrameReplayBuffer, 16)
    for transition in stream(40, (50, 50)):
        big.add(*transition)
    with pytest.raises(ValueError, match="do not fit"):
        small.restore(big.state())
    assert small.size() == 0


def test_a_transition_of_pong_costs_about_seven_kilobytes() -> None:
    space = spaces.Box(0, 255, (4, 84, 84), np.uint8)
    buffer = FrameReplayBuffer(10_000, space, ACTIONS, "cpu", rng=np.random.default_rng(0))
    assert buffer.nbytes / 10_000 < 7_500  # bytes; SB3: 56,468


def test_other_options_of_sb3_are_refused() -> None:
    options: list[dict[str, Any]] = [
        {"n_envs": 2},
        {"optimize_memory_usage": True},
        {"handle_timeout_termination": False},
    ]
    for option in options:
        with pytest.raises(ValueError, match="expected one environment"):
            make(OverseenReplayBuffer, 8, **option)


def test_the_streams_of_these_tests_stack_frames() -> None:
    # Guards the tests above: without this property they would not exercise the saving.
    continuing = list(pairwise(stream(50, (60, 60))))
    assert all(np.array_equal(a[1], b[0]) for a, b in continuing)
    assert all(np.array_equal(a[1][0, :3], a[0][0, 1:]) for a, _ in continuing)


def test_any_stream_of_stacks_is_kept_even_if_nothing_is_shared() -> None:
    rng = np.random.default_rng(0)
    ours, theirs = make(FrameReplayBuffer, 16), ReplayBuffer(16, SCREENS, ACTIONS, "cpu")
    for _ in range(40):
        obs, following = rng.integers(0, 256, (2, 1, *SHAPE), dtype=np.uint8)
        entry = (obs, following, np.array([1]), np.array([0.5]), np.array([False]), [{}])
        ours.add(*entry)
        theirs.add(*entry)
    newest = (ours.pos - 1 - np.arange(ours.size())) % 16
    assert ours.size() >= 2
    assert_same(ours._get_samples(newest), theirs._get_samples(newest))
