"""The skin for Stable-Baselines3 by itself: learning behind it, what it refuses and leaves."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

import numpy as np
import pytest
from stable_baselines3 import A2C
from stable_baselines3.common.vec_env import DummyVecEnv, SubprocVecEnv, VecMonitor

from agents import OversightVecEnv, remote_of_vec_env
from oversight import (
    AllowAll,
    Answering,
    AtariGame,
    ScriptedOverseer,
    SimulatedHuman,
    game_named,
)
from oversight.testing import EchoEnv, MemorySink


def echoes(count: int) -> DummyVecEnv:
    return DummyVecEnv([lambda: Answering(EchoEnv(length=5))] * count)


def test_an_agent_of_stable_baselines3_learns_behind_it() -> None:
    """With a wrapper in between that knows nothing of oversight."""
    sink = MemorySink()
    overseer = ScriptedOverseer(lambda p: p.action == 3, replacement=0)
    env = OversightVecEnv(VecMonitor(echoes(3)), overseer, sink=sink)
    A2C("MlpPolicy", env, seed=0, device="cpu").learn(60)
    assert env.gate.tally.steps == len(sink.records) == 60
    assert env.gate.tally.episodes == 3 + 12
    refused = [record for record in sink.records if record.proposal.action == 3]
    assert len(refused) > 0
    assert {record.executed for record in refused} == {0}
    assert {record.agent_reward for record in refused} == {-1.0}


def test_a_seed_that_was_given_goes_before_others() -> None:
    for given, expected in ((None, [0, 1]), (50, [50, 51])):
        sink = MemorySink()
        env = OversightVecEnv(echoes(2), AllowAll(), sink=sink, episode_seed=lambda number: number)
        if given is not None:
            env.seed(given)
        env.reset()
        assert [seed for _, _, seed, _ in sink.episodes] == expected


def test_a_person_judges_one_environment() -> None:
    venv = DummyVecEnv([lambda: Answering(AtariGame(game_named("pong")))] * 2)
    remote = remote_of_vec_env(venv)
    person = SimulatedHuman(remote.probes or (), np.random.default_rng(0))
    env = OversightVecEnv(venv, person, remote=remote)
    env.reset()
    with pytest.raises(ValueError, match="one proposal at a time, got 2"):
        env.step(np.array([0, 0]))


@pytest.mark.parametrize("kind", [DummyVecEnv, SubprocVecEnv])
def test_environments_that_do_not_answer_are_refused(
    kind: type[DummyVecEnv] | type[SubprocVecEnv],
) -> None:
    venv = kind([EchoEnv])
    try:
        with pytest.raises(TypeError, match=r"make each as oversight.Answering\(env\)"):
            OversightVecEnv(venv, AllowAll())
        venv.reset()  # asking has not ended its process
    finally:
        venv.close()


PROGRAM = """
import signal
import sys
import numpy as np
from stable_baselines3.common.vec_env import SubprocVecEnv
from agents import OversightVecEnv
from oversight import AllowAll, Answering, AtariGame, game_named

if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a background job ignores it
    makers = [lambda: Answering(AtariGame(game_named("pong")))] * 2
    env = OversightVecEnv(SubprocVecEnv(makers, start_method="fork"), AllowAll())
    env.reset()
    try:
        for step in range(1_000_000):
            env.step(np.array([2, 3]))
            if step == 20:
                print("running", flush=True)
            if step == 40 and sys.argv[1] == "close":
                break
    except KeyboardInterrupt:
        print("interrupted", flush=True)
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


@pytest.mark.parametrize("how", ["close", "interrupt"])
def test_no_process_is_left_behind(
    how: str, started: Callable[[str], subprocess.Popen[str]]
) -> None:
    program = started(how)
    assert program.stdout is not None
    assert program.stdout.readline() == "running\n"
    if how == "interrupt":
        os.killpg(program.pid, signal.SIGINT)  # as a terminal does: to the workers as well
    assert program.wait(timeout=20) == 0
    assert program.stdout.read() == ("interrupted\n" if how == "interrupt" else "")
    deadline = time.monotonic() + 10
    while alive(program.pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not alive(program.pid)


@pytest.mark.timeout(30)
def test_an_answer_that_was_lost_does_not_hold_up_the_end() -> None:
    """As when Ctrl-C comes after the first worker's answer was read."""
    venv = SubprocVecEnv([lambda: Answering(EchoEnv())] * 2)
    env = OversightVecEnv(venv, AllowAll())
    env.reset()
    venv.step_async(np.array([0, 0]))
    venv.remotes[0].recv()
    env.close()
    assert not any(process.is_alive() for process in venv.processes)
