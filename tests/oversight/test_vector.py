"""The vectorised skin by itself: what it refuses, asks for, tells, and leaves behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium.vector import AsyncVectorEnv, AutoresetMode, SyncVectorEnv

from oversight import (
    AllowAll,
    Answering,
    AtariGame,
    AtariSettings,
    Decision,
    GateSettings,
    OracleOverseer,
    OversightVectorWrapper,
    Proposal,
    Remote,
    ScriptedOverseer,
    SimulatedHuman,
    Verdict,
    following_seed,
    game_named,
    remote_of,
)
from oversight.testing import EchoEnv, MemorySink

DOWN = game_named("pong").toward_harm


def pongs(count: int, *, cut: int | None = None) -> SyncVectorEnv:
    settings = AtariSettings(max_agent_steps=cut)
    return SyncVectorEnv([lambda: Answering(AtariGame(game_named("pong"), settings))] * count)


def echoes(count: int, mode: AutoresetMode = AutoresetMode.NEXT_STEP) -> SyncVectorEnv:
    return SyncVectorEnv([lambda: Answering(EchoEnv(length=3))] * count, autoreset_mode=mode)


class Counting:
    """Counts what is asked of a vector environment."""

    def __init__(self, ask: Callable[..., Sequence[Any]]) -> None:
        self._ask = ask
        self.asked: Counter[str] = Counter()

    def __call__(self, name: str, *arguments: object) -> Sequence[Any]:
        self.asked[name] += 1
        return self._ask(name, *arguments)


# ------------------------------------------------------------------------------------- the truth


def test_the_truth_of_all_environments_is_asked_for_in_one_request() -> None:
    envs = pongs(3)
    ask = Counting(envs.call)
    remote = Remote(ask, 6)
    env = OversightVectorWrapper(envs, OracleOverseer(remote.probes or ()), remote=remote)
    env.reset(seed=0)
    steps = blocks = 0
    for _ in range(60):
        env.step(np.array([0, DOWN, DOWN]))
        steps += 1
    blocks = env.gate.tally.blocks
    assert blocks > 3
    # One for the proposals; where one is refused, its twin is judged as well.
    assert ask.asked["unsafe_among"] <= steps + blocks
    assert ask.asked["about"] == 1


@pytest.mark.parametrize("shared", [True, False])
def test_a_probe_is_never_out_of_date(shared: bool) -> None:
    """Also where the wrapper does not know of it and cannot tell it that the game moved."""
    envs = pongs(2)
    remote = remote_of(envs)
    assert remote.probes is not None
    env = OversightVectorWrapper(envs, AllowAll(), remote=remote if shared else None)
    env.reset(seed=4)
    unsafe = 0
    for _ in range(50):
        env.step(np.array([DOWN, 0]))
        for index, probe in enumerate(remote.probes):
            game = envs.envs[index].unwrapped
            assert isinstance(game, AtariGame)
            assert probe.unsafe_actions().tolist() == game.truth.unsafe_actions().tolist()
            assert probe.doomed == game.truth.doomed
            unsafe += probe.unsafe(DOWN)
    assert unsafe > 0


def test_answers_are_remembered_until_the_environments_move() -> None:
    envs = pongs(1)
    envs.reset(seed=0)
    ask = Counting(envs.call)
    remote = Remote(ask, 6)
    remote.expect({0: 2})
    remote.unsafe(0, [2, 2])
    assert ask.asked["unsafe_among"] == 1
    remote.unsafe(0, [2, 3])
    remote.unsafe(0, [3])
    assert ask.asked["unsafe_among"] == 2
    remote.moved()
    remote.unsafe(0, [2])
    assert ask.asked["unsafe_among"] == 3


# ---------------------------------------------------------------------------------- what is told


def test_what_was_not_measured_is_none_beside_a_number() -> None:
    class Half:
        def review(self, proposals: Sequence[Proposal]) -> list[Decision]:
            decisions = AllowAll().review(proposals)
            return [
                replace(d, probability=0.0 if n == 0 else None) for n, d in enumerate(decisions)
            ]

    env = OversightVectorWrapper(echoes(2), Half())
    env.reset()
    *_, infos = env.step(np.array([1, 2]))
    assert infos["oversight"]["probability"].tolist() == [0.0, None]
    assert infos["oversight"]["catastrophe_onsets"].tolist() == [None, None]
    assert infos["oversight"]["game_reward"].dtype == np.float64


def test_a_reset_in_the_next_step_is_no_step() -> None:
    sink = MemorySink()
    env = OversightVectorWrapper(echoes(2), ScriptedOverseer(lambda _p: True), sink=sink)
    env.reset()
    for _ in range(3):
        env.step(np.array([1, 2]))
    observations, rewards, ended, _, infos = env.step(np.array([1, 2]))
    assert observations.ravel().tolist() == [-1.0, -1.0]
    assert rewards.tolist() == [0.0, 0.0]
    assert not ended.any()
    assert "oversight" not in infos
    assert len(sink.records) == 6
    assert [(episode, index) for episode, index, *_ in sink.episodes] == [
        (0, 0),
        (1, 1),
        (2, 0),
        (3, 1),
    ]


def test_episodes_that_begin_by_themselves_have_seeds_that_play_them_again() -> None:
    sink = MemorySink()
    env = OversightVectorWrapper(pongs(1, cut=5), AllowAll(), sink=sink, episode_seed=lambda n: n)
    env.reset()
    for _ in range(12):
        env.step(np.array([2]))
    seeds = [seed for _, _, seed, _ in sink.episodes]
    assert seeds == [0, following_seed(0), following_seed(following_seed(0))]
    again = AtariGame(game_named("pong"))
    again.reset(seed=seeds[1])
    second = [r for r in sink.records if r.proposal.episode == 1]
    for record in second:
        assert np.array_equal(record.proposal.screens[-1], again.screen())
        again.step(record.executed)
    assert len(second) == 5


def test_a_reset_of_some_begins_only_their_episodes() -> None:
    sink = MemorySink()
    env = OversightVectorWrapper(
        echoes(3, AutoresetMode.DISABLED), AllowAll(), sink=sink, episode_seed=lambda n: 10 + n
    )
    env.reset()
    options = {"reset_mask": np.array([True, False, True])}
    env.reset(options=options)
    assert "reset_mask" in options
    assert sink.episodes[3:] == [(3, 0, 13, "oversight"), (4, 2, 14, "oversight")]


# ------------------------------------------------------------------------------ what is refused


def test_a_person_judges_one_environment() -> None:
    for count in (1, 2):
        envs = pongs(count)
        remote = remote_of(envs)
        person = SimulatedHuman(remote.probes or (), np.random.default_rng(0))
        env = OversightVectorWrapper(envs, person, remote=remote)
        env.reset(seed=0)
        if count == 1:
            env.step(np.array([0]))
            assert env.gate.tally.steps == 1
            continue
        with pytest.raises(ValueError, match="one proposal at a time, got 2"):
            env.step(np.array([0, 0]))
        assert env.gate.tally.steps == 0


def test_what_is_elsewhere_cannot_be_taken_back() -> None:
    with pytest.raises(
        ValueError, match="rewind_steps of 0 in front of a vector environment, got 8"
    ):
        OversightVectorWrapper(echoes(1), AllowAll(), GateSettings(rewind_steps=8))


def test_environments_that_do_not_answer_are_refused() -> None:
    with pytest.raises(TypeError, match=r"make each as oversight.Answering\(env\)"):
        OversightVectorWrapper(SyncVectorEnv([EchoEnv]), AllowAll())


def test_a_vector_environment_that_does_not_say_how_it_resets_is_refused() -> None:
    envs = echoes(1)
    envs.metadata = {}
    with pytest.raises(TypeError, match="NEXT_STEP, SAME_STEP or DISABLED"):
        OversightVectorWrapper(envs, AllowAll())


def test_actions_that_are_not_numbered_from_0_are_refused() -> None:
    envs = SyncVectorEnv([lambda: Answering(gymnasium.make("Pendulum-v1").unwrapped)])
    with pytest.raises(TypeError, match="Discrete"):
        OversightVectorWrapper(envs, AllowAll())  # type: ignore[arg-type]


def test_two_games_in_one_vector_are_refused() -> None:
    class Other(AtariGame):
        safe_twin = (0,) * 6

    makers = [AtariGame, Other]
    envs = SyncVectorEnv([lambda make=m: Answering(make(game_named("pong"))) for m in makers])
    with pytest.raises(ValueError, match="environments of one game"):
        OversightVectorWrapper(envs, AllowAll())


def test_an_action_that_is_none_is_refused_before_anything_is_played() -> None:
    env = OversightVectorWrapper(pongs(2), AllowAll())
    env.reset(seed=0)
    with pytest.raises(ValueError, match=r"expected an action in \[0, 6\), got 6"):
        env.step(np.array([0, 6]))
    assert env.gate.tally.steps == 0


def test_an_environment_that_has_ended_is_not_stepped_on() -> None:
    env = OversightVectorWrapper(echoes(1, AutoresetMode.DISABLED), AllowAll())
    env.reset()
    for _ in range(3):
        env.step(np.array([0]))
    with pytest.raises(RuntimeError, match="environment 0 proposes an action outside an episode"):
        env.step(np.array([0]))


def test_a_reset_behind_its_back_is_noticed() -> None:
    envs = echoes(1)
    env = OversightVectorWrapper(envs, AllowAll())
    env.reset()
    for _ in range(3):
        env.step(np.array([0]))
    envs.reset()
    with pytest.raises(RuntimeError, match="reset by this wrapper"):
        env.step(np.array([0]))


# ------------------------------------------------------------------------- what is left behind


PROGRAM = """
import signal
import sys
import numpy as np
from gymnasium.vector import AsyncVectorEnv
from oversight import AllowAll, Answering, AtariGame, OversightVectorWrapper, game_named

if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a background job ignores it
    envs = AsyncVectorEnv([lambda: Answering(AtariGame(game_named("pong")))] * 2)
    env = OversightVectorWrapper(envs, AllowAll())
    env.reset(seed=0)
    try:
        for step in range(1_000_000):
            env.step(np.array([2, 3]))
            if step == 20:
                print("running", flush=True)
            if step == 40 and sys.argv[1] == "close":
                break
    except KeyboardInterrupt:
        print("interrupted after", env.gate.tally.steps > 0, flush=True)
    finally:
        env.close()
"""


def alive(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.fixture
def started() -> Iterator[Callable[[str], subprocess.Popen[str]]]:
    """Starts the program in a session of its own; whatever is left of it at the end is killed."""
    programs: list[subprocess.Popen[str]] = []

    def start(how: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-c", PROGRAM, how]
        programs.append(
            subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True)
        )
        return programs[-1]

    yield start
    for program in programs:
        if alive(program.pid):
            os.killpg(program.pid, signal.SIGKILL)
        program.communicate()


@pytest.mark.parametrize("how", ["close", "interrupt", "interrupt alone", "kill"])
def test_no_process_is_left_behind(
    how: str, started: Callable[[str], subprocess.Popen[str]]
) -> None:
    program = started(how)
    assert program.stdout is not None
    assert program.stdout.readline() == "running\n"
    if how == "interrupt":
        os.killpg(program.pid, signal.SIGINT)  # as a terminal does: to the workers as well
    elif how == "interrupt alone":
        program.send_signal(signal.SIGINT)
    elif how == "kill":
        program.kill()
    assert (program.wait(timeout=20) == 0) is (how != "kill")
    assert program.stdout.read() == ("interrupted after True\n" if "interrupt" in how else "")
    deadline = time.monotonic() + 10
    while alive(program.pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not alive(program.pid)


def test_an_action_that_is_none_does_not_end_the_workers() -> None:
    envs = AsyncVectorEnv([lambda: Answering(EchoEnv())], context="forkserver")
    env = OversightVectorWrapper(envs, ScriptedOverseer(lambda p: p.action == 3, replacement=1))
    try:
        env.reset()
        with pytest.raises(ValueError, match="expected an action"):
            env.step(np.array([9]))
        observations, *_, infos = env.step(np.array([3]))
        assert observations.tolist() == [[1.0]]
        assert infos["oversight"]["verdict"].tolist() == [Verdict.UNSAFE.value]
    finally:
        env.close()


@pytest.mark.timeout(30)
def test_an_answer_that_was_lost_does_not_hold_up_the_end() -> None:
    """As when Ctrl-C comes after the first worker's answer was read."""
    envs = AsyncVectorEnv([lambda: Answering(EchoEnv())] * 2, context="forkserver")
    env = OversightVectorWrapper(envs, AllowAll())
    env.reset()
    envs.step_async(np.array([0, 0]))
    envs.parent_pipes[0].recv()
    with pytest.warns(UserWarning, match="waiting for a pending call"):
        env.close()
    assert not any(process.is_alive() for process in envs.processes)
