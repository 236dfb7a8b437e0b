"""How fast agents learn: ours under a gate against SB3's DQN that nobody oversees.

Every learner makes one update of 32 for every 4 agent steps, past exploration, on screens of four
frames. Rounds of all learners are interleaved, so that a busy machine slows each alike; a ratio is
the median over rounds. Beside it: what the gate adds to a step, what replay takes, and how long one
update takes, its kernels alone as well: no program is faster than these. The Blocker has a game's
own network, grown on noise, and a threshold that blocks nothing: what is
measured is its price.

    python benchmarks/learning.py --help
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ale_py
import gymnasium
import numpy as np
import torch
import tyro
from gymnasium import spaces
from rich.console import Console
from rich.table import Table
from stable_baselines3 import DQN
from stable_baselines3.common.buffers import ReplayBuffer
from stable_baselines3.common.env_util import make_atari_env
from stable_baselines3.common.vec_env import DummyVecEnv, VecEnv, VecFrameStack

from agents import (
    DoubleDQN,
    DoubleDQNSettings,
    FastVecEnv,
    OversightVecEnv,
    Precision,
    VectorFrameReplay,
)
from agents.parts import knows_bfloat16
from blocker import Blocker, BlockerOverseer
from blocker.network import BlockerNetwork
from blocker.presets import preset_for
from blocker.testing import grow_on_noise
from oversight import AllowAll, Answering, AtariGame, FastAtari, GateSettings, Overseer, game_named

SPACE = spaces.Box(0, 255, (4, 84, 84), np.uint8)
ROMS = {"pong": "Pong", "space_invaders": "SpaceInvaders", "road_runner": "RoadRunner"}


@dataclass(frozen=True)
class Settings:
    """What is measured."""

    games: tuple[str, ...] = ("pong", "space_invaders", "road_runner")
    """Which games; the parts beside the first table are measured in the first."""

    rounds: int = 5
    """Interleaved rounds."""

    steps: int = 200
    """Agent steps of each learner in a round."""

    warm_steps: int = 4_000
    """Agent steps of each before anything is measured: some 900 updates, after which Adam's moments
    of weights that get no gradient are denormal numbers where nothing is done about them."""

    environments: int = 8
    """Games that ours plays at once."""

    device: str = "auto"
    """Where the networks compute."""

    threads: int = 0
    """Of torch; 0 leaves it to torch."""

    updates: bool = False
    """Only measure one update."""

    profile: bool = False
    """Only say where the time of our training goes, by torch's profiler."""

    out: Path | None = None
    """A JSON file for the figures, such as results/agents/benchmark.json."""


@dataclass(frozen=True)
class Learner:
    """Somebody who learns: `go` makes about so many agent steps and says how many."""

    name: str
    go: Callable[[int], int]


def blocker_for(name: str) -> Overseer:
    game, preset = game_named(name), preset_for(name)
    torch.manual_seed(0)
    network = BlockerNetwork(game.actions, preset.input, preset.shape).eval()
    grow_on_noise(network, np.random.default_rng(0), trees=preset.shape.trees)
    made = Blocker(network, preset.shape, preset.input, 1.0, game.name, game.actions)
    return BlockerOverseer(made, game)


def fast(name: str, n: int, overseer: Overseer | None) -> VecEnv:
    looks = overseer is not None and not isinstance(overseer, AllowAll)
    games = FastVecEnv(FastAtari(game_named(name), n, colours=looks))
    gate = GateSettings(history=preset_for(name).input.history if looks else 2)
    return games if overseer is None else OversightVecEnv(games, overseer, gate)


def truth(name: str, n: int) -> VecEnv:
    games = DummyVecEnv([lambda: Answering(AtariGame(game_named(name)))] * n)
    return OversightVecEnv(games, AllowAll())


def double_dqn(env: VecEnv, precision: Precision, device: str, *, graph: bool = True) -> DoubleDQN:
    settings = DoubleDQNSettings(
        precision=precision,
        learning_starts=256,
        exploration_steps=256,
        buffer_size=20_000,
        cuda_graph=graph,
    )
    return DoubleDQN(env, settings, seed=0, device=device)


def ours(name: str, env: VecEnv, precision: Precision, device: str) -> Learner:
    agent = double_dqn(env, precision, device)
    agent.begin(10**9)

    def go(steps: int) -> int:
        before = agent.num_timesteps
        while agent.num_timesteps < before + steps:
            agent.step()
        return agent.num_timesteps - before

    return Learner(name, go)


def sb3(name: str, device: str) -> DQN:
    gymnasium.register_envs(ale_py)
    env = VecFrameStack(make_atari_env(f"{ROMS[name]}NoFrameskip-v4", 1, seed=0), 4)
    return DQN(
        "CnnPolicy",
        env,
        learning_rate=1e-4,
        buffer_size=20_000,
        learning_starts=256,
        train_freq=4,
        exploration_fraction=1e-6,
        exploration_final_eps=0.05,
        seed=0,
        device=device,
    )


def theirs(name: str, device: str) -> Learner:
    agent = sb3(name, device)

    def go(steps: int) -> int:
        before = int(agent.num_timesteps)
        agent.learn(steps, reset_num_timesteps=False)
        return int(agent.num_timesteps) - before

    return Learner("SB3's DQN, 1 game, nobody oversees", go)


def learners(name: str, settings: Settings) -> list[Learner]:
    n, device = settings.environments, settings.device
    best = Precision.AUTO
    return [
        theirs(name, device),
        ours(f"fast, {n} games, Blocker", fast(name, n, blocker_for(name)), best, device),
        ours(f"fast, {n} games, allow all", fast(name, n, AllowAll()), best, device),
        ours(f"fast, {n} games, no gate", fast(name, n, None), best, device),
        ours(f"fast, {n} games, no gate, fp32", fast(name, n, None), Precision.FP32, device),
        ours(f"truth, {n} games, allow all", truth(name, n), best, device),
    ]


def speeds(name: str, settings: Settings) -> list[dict[str, Any]]:
    everyone = learners(name, settings)
    for one in everyone:
        one.go(settings.warm_steps)
    rates: dict[str, list[float]] = {one.name: [] for one in everyone}
    for _ in range(settings.rounds):
        for one in everyone:
            begun = time.perf_counter()
            made = one.go(settings.steps)
            rates[one.name].append(made / (time.perf_counter() - begun))
    reference = np.array(rates[everyone[0].name])
    return [
        {
            "game": name,
            "learner": learner,
            "steps_per_second": float(np.median(found)),
            "ratio": float(np.median(np.array(found) / reference)),
            "milliseconds_a_step": 1e3 / float(np.median(found)),
        }
        for learner, found in rates.items()
    ]


def gate_costs(name: str, settings: Settings) -> list[dict[str, Any]]:
    """What the gate adds to a step of all games, without learning."""
    n = settings.environments
    rng = np.random.default_rng(0)
    stacks = {
        "no gate": fast(name, n, None),
        "allow all": fast(name, n, AllowAll()),
        "no gate, colours": FastVecEnv(FastAtari(game_named(name), n)),
        "Blocker": fast(name, n, blocker_for(name)),
    }
    times: dict[str, list[float]] = {key: [] for key in stacks}
    for env in stacks.values():
        env.reset()
    for turn in range(settings.rounds + 1):
        for key, env in stacks.items():
            actions = rng.integers(env.action_space.n, size=(50, n))  # type: ignore[attr-defined]
            begun = time.perf_counter()
            for each in actions:
                env.step(each)
            if turn:
                times[key].append((time.perf_counter() - begun) / 50)
    pairs = [("allow all", "no gate"), ("Blocker", "no gate, colours"), ("Blocker", "no gate")]
    return [
        {
            "of": f"{one} over {other}",
            "milliseconds_a_vector_step": 1e3
            * float(np.median(np.array(times[one]) - np.array(times[other]))),
        }
        for one, other in pairs
    ]


def filled(buffer: ReplayBuffer, n: int, rows: int) -> ReplayBuffer:
    rng = np.random.default_rng(0)
    stack = rng.integers(0, 256, (n, 4, 84, 84), dtype=np.uint8)
    for _ in range(rows):
        frame = rng.integers(0, 256, (n, 1, 84, 84), dtype=np.uint8)
        after = np.concatenate([stack[:, 1:], frame], axis=1)
        infos: list[dict[str, Any]] = [{} for _ in range(n)]
        buffer.add(stack, after, np.zeros((n, 1)), np.zeros(n), np.zeros(n, bool), infos)
        stack = after
    return buffer


def replays(settings: Settings) -> list[dict[str, Any]]:
    actions, size = spaces.Discrete(6), 8_000
    rng = np.random.default_rng(0)
    kinds: dict[str, tuple[ReplayBuffer, int]] = {
        "SB3": (ReplayBuffer(size, SPACE, actions, settings.device), 1),
        "SB3, optimize_memory_usage": (
            ReplayBuffer(
                size, SPACE, actions, settings.device,
                optimize_memory_usage=True, handle_timeout_termination=False,
            ),
            1,
        ),
        "each frame once, 8 games": (
            VectorFrameReplay(size, SPACE, actions, settings.device, 8, rng=rng), 8,
        ),
    }  # fmt: skip
    times: dict[str, list[float]] = {key: [] for key in kinds}
    for buffer, n in kinds.values():
        filled(buffer, n, size // n // 2)
    for turn in range(settings.rounds + 1):
        for key, (buffer, _) in kinds.items():
            finish(buffer.device)
            begun = time.perf_counter()
            for _ in range(100):
                buffer.sample(32)
            finish(buffer.device)
            if turn:
                times[key].append((time.perf_counter() - begun) / 100)
    reference = np.array(times["SB3"])
    return [
        {
            "buffer": key,
            "bytes_a_transition": bytes_of(buffer) / size,
            "gigabytes_a_million": bytes_of(buffer) / size / 1e3,
            "microseconds_a_sample": 1e6 * float(np.median(times[key])),
            "ratio": float(np.median(reference / np.array(times[key]))),
        }
        for key, (buffer, _) in kinds.items()
    ]


def bytes_of(buffer: ReplayBuffer) -> int:
    if isinstance(buffer, VectorFrameReplay):
        return buffer.nbytes
    return sum(x.nbytes for x in vars(buffer).values() if isinstance(x, np.ndarray))


def updates(settings: Settings) -> list[dict[str, Any]]:
    """One update of 32: SB3's, ours, and both if nothing but the network took time."""
    name, device = settings.games[0], settings.device
    reference = sb3(name, device)
    reference.learn(settings.warm_steps)
    agent = learned(name, settings, graph=True)
    due = max(1, settings.environments // agent.settings.train_freq)  # in one step of all games
    ways: dict[str, tuple[int, Callable[[], object]]] = {
        "SB3's DQN": (1, lambda: reference.train(1, batch_size=32)),
        f"ours, double Q, {due} at a time": (due, lambda: agent.train(due, 32)),
        "kernels alone, of SB3's": (1, kernels(reference, 1)),
        "kernels alone, of ours": (1, kernels(agent, 2)),
    }
    if agent.device.type == "cuda":
        single = learned(name, settings, graph=False)
        ways[f"ours without a graph, {due} at a time"] = due, lambda: single.train(due, 32)
    times: dict[str, list[float]] = {key: [] for key in ways}
    for turn in range(settings.rounds + 1):
        for key, (made, go) in ways.items():
            finish(agent.device)
            begun = time.perf_counter()
            for _ in range(20):
                go()
            finish(agent.device)
            if turn:
                times[key].append((time.perf_counter() - begun) / 20 / made)
    first = np.array(times["SB3's DQN"])
    return [
        {
            "update": key,
            "milliseconds": 1e3 * float(np.median(found)),
            "times as fast": float(np.median(first / np.array(found))),
        }
        for key, found in times.items()
    ]


def learned(name: str, settings: Settings, *, graph: bool) -> DoubleDQN:
    env = fast(name, settings.environments, None)
    agent = double_dqn(env, Precision.AUTO, settings.device, graph=graph)
    agent.begin(10**9)
    while agent.num_timesteps < settings.warm_steps:
        agent.step()
    return agent


def finish(device: torch.device) -> None:
    """Wait for what was queued on a GPU."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def kernels(agent: DQN, looks: int) -> Callable[[], None]:
    """Forward and back through an agent's network, after so many looks at what came next."""
    pixels = torch.zeros((32, *SPACE.shape), device=agent.device)
    network = agent.q_net.features_extractor
    if isinstance(agent, DoubleDQN):
        pixels = pixels.to(memory_format=torch.channels_last)

    def go() -> None:
        with torch.no_grad():
            for _ in range(looks):
                network(pixels)
        network.zero_grad()
        network(pixels).sum().backward()

    return go


def profile(settings: Settings) -> str:
    name = settings.games[0]
    env = fast(name, settings.environments, AllowAll())
    learner = ours("ours", env, Precision.AUTO, settings.device)
    learner.go(settings.warm_steps)
    kinds = [torch.profiler.ProfilerActivity.CPU]
    if torch.cuda.is_available():
        kinds.append(torch.profiler.ProfilerActivity.CUDA)
    with torch.profiler.profile(activities=kinds) as found:
        learner.go(settings.steps)
    key = "self_cuda_time_total" if torch.cuda.is_available() else "self_cpu_time_total"
    return str(found.key_averages().table(sort_by=key, row_limit=20, max_name_column_width=40))


def machine(settings: Settings) -> dict[str, Any]:
    device = "cuda" if settings.device == "auto" and torch.cuda.is_available() else settings.device
    chosen = torch.device("cpu" if device == "auto" else device)
    return {
        "device": torch.cuda.get_device_name() if chosen.type == "cuda" else "CPU",
        "cpu": torch.backends.cpu.get_cpu_capability(),
        "bfloat16": knows_bfloat16(chosen),
        "torch_threads": torch.get_num_threads(),
        "torch": torch.__version__,
    }


def shown(title: str, rows: list[dict[str, Any]]) -> Table:
    table = Table(title=title, title_justify="left")
    for key, value in rows[0].items():
        table.add_column(key, justify="right" if isinstance(value, float) else "left")
    for row in rows:
        table.add_row(*(f"{v:,.2f}" if isinstance(v, float) else str(v) for v in row.values()))
    return table


def main(settings: Settings) -> None:
    if settings.threads:
        torch.set_num_threads(settings.threads)
    console = Console(highlight=False, width=None if sys.stdout.isatty() else 120)
    about = machine(settings)
    console.print(about)
    if settings.profile:
        console.print(profile(settings), soft_wrap=True)
        return
    if settings.updates:
        console.print(shown("One update of 32", updates(settings)))
        return
    found: dict[str, Any] = {"machine": about, "speeds": []}
    for name in settings.games:
        rows = speeds(name, settings)
        found["speeds"] += rows
        console.print(shown("Learning: one update of 32 every 4 steps", rows))
    found["gate"] = gate_costs(settings.games[0], settings)
    console.print(shown(f"The gate, {settings.environments} games, no learning", found["gate"]))
    found["updates"] = updates(settings)
    console.print(shown("One update of 32", found["updates"]))
    found["replay"] = replays(settings)
    console.print(shown("Replay of 84x84x4", found["replay"]))
    if settings.out is not None:
        settings.out.parent.mkdir(parents=True, exist_ok=True)
        settings.out.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(tyro.cli(Settings, description=__doc__))
