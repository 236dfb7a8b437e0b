"""Many environments behind one gate do what single ones do, step for step, in every skin."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium.vector import AsyncVectorEnv, AutoresetMode, SyncVectorEnv
from stable_baselines3.common.vec_env import DummyVecEnv, SubprocVecEnv

from agents import OversightVecEnv, remote_of_vec_env
from oversight import (
    AllowAll,
    Answering,
    AtariGame,
    AtariSettings,
    GateSettings,
    Mode,
    OracleOverseer,
    Overseer,
    OversightVectorWrapper,
    OversightWrapper,
    Proposal,
    ScriptedOverseer,
    Tally,
    TruthProbe,
    following_seed,
    game_named,
    remote_of,
)
from oversight.testing import EchoEnv, MemorySink

SKINS = ("next step", "same step", "disabled", "async", "async same step", "dummy", "subproc")
SERIAL = ("next step", "same step", "disabled", "dummy")

Make = Callable[[], gymnasium.Env[Any, Any]]
Oversee = Callable[[Sequence[TruthProbe] | None], Overseer]


@dataclass
class Step:
    """One agent step of one environment, free of numbers that run through the whole run."""

    record: dict[str, Any]
    screens: np.ndarray
    observation: np.ndarray
    reward: float
    info: dict[str, Any]


@dataclass
class Played:
    """Each environment's steps, seeds and catastrophes, and the counts of all."""

    steps: list[list[Step]]
    seeds: list[list[int | None]]
    events: list[list[tuple[Any, ...]]]
    tally: Tally


def pong(cut: int | None) -> Make:
    return atari("pong", cut)


def atari(name: str, cut: int | None) -> Make:
    return lambda: AtariGame(game_named(name), AtariSettings(max_agent_steps=cut))


def refuses(proposal: Proposal) -> bool:
    """A rule that needs all that a proposal says of its episode."""
    pixels = int(proposal.screens[0].sum()) + int(proposal.screens[-1].sum())
    before = -1 if proposal.last_executed is None else proposal.last_executed
    return (pixels + proposal.action + before + proposal.step) % 3 == 0


OVERSEERS: dict[str, Oversee] = {
    "nobody": lambda _probes: AllowAll(),
    "oracle": lambda probes: OracleOverseer(probes or ()),
    "script": lambda _probes: ScriptedOverseer(refuses),
}


def actions(n_actions: int, env_index: int) -> Iterator[int]:
    """What one environment's agent proposes: random actions, held as a learner's are."""
    rng = np.random.default_rng([7, env_index])
    while True:
        yield from [int(rng.integers(n_actions))] * int(rng.integers(1, 12))


def steps_of(sink: MemorySink, results: list[tuple[Any, ...]]) -> list[Step]:
    made = []
    for record, (observation, reward, info) in zip(sink.records, results, strict=True):
        first = min(r.proposal.episode for r in sink.records)
        plain = replace(
            record.proposal,
            step_id=0,
            env_index=0,
            episode=record.proposal.episode - first,
            screens=np.zeros(0),
            tally=Tally(),
            recorded_through=-1,
        )
        row = asdict(replace(record, proposal=plain, decision=replace(record.decision, step_id=0)))
        row["proposal"].pop("screens")
        row["proposal"].pop("before")  # for the log alone; several environments do not show it
        told = {key: getattr(value, "tolist", lambda v=value: v)() for key, value in info.items()}
        made.append(Step(row, record.proposal.screens, np.array(observation), float(reward), told))
    return made


def parted(sink: MemorySink, n_envs: int) -> list[MemorySink]:
    """What a sink holds, by environment, with episodes and steps numbered in each."""
    parts = []
    for index in range(n_envs):
        mine = [e for e in sink.episodes if e[1] == index]
        numbers = {episode: number for number, (episode, *_) in enumerate(mine)}
        records = [
            replace(r, proposal=replace(r.proposal, episode=numbers[r.proposal.episode]))
            for r in sink.records
            if r.proposal.env_index == index
        ]
        ids = {r.proposal.step_id: number for number, r in enumerate(records)}
        events = [
            replace(e, cause_step=ids[e.cause_step], onset_step=ids[e.onset_step])
            for e in sink.events
            if e.onset_step in ids
        ]
        parts.append(MemorySink(mine, records, [], events))
    return parts


def played(sinks: list[MemorySink], results: list[list[tuple[Any, ...]]], tally: Tally) -> Played:
    return Played(
        [steps_of(sink, result) for sink, result in zip(sinks, results, strict=True)],
        [[seed for _, _, seed, _ in sink.episodes] for sink in sinks],
        [[(e.kind, e.cause_step, e.onset_step, e.avoidable) for e in s.events] for s in sinks],
        tally,
    )


def chain(first: int) -> Callable[[int], int]:
    def seed(episode: int) -> int:
        value = first
        for _ in range(episode):
            value = following_seed(value)
        return value

    return seed


def play_singles(
    make: Make, oversee: Oversee, settings: GateSettings, counts: Sequence[int]
) -> Played:
    sinks, results, tallies = [], [], []
    for index, count in enumerate(counts):
        env, sink = make(), MemorySink()
        probes = [env.truth] if isinstance(env, AtariGame) else None
        wrapper = OversightWrapper(
            env, oversee(probes), settings, sink=sink, episode_seed=chain(100 + index)
        )
        wrapper.ranking = rank
        propose = actions(int(env.action_space.n), index)  # type: ignore[attr-defined]
        mine = []
        wrapper.reset()
        for _ in range(count):
            observation, reward, ended, cut, info = wrapper.step(next(propose))
            mine.append((observation, reward, info["oversight"]))
            if ended or cut:
                wrapper.reset()
        (part,) = parted(sink, 1)
        sinks.append(part)
        results.append(mine)
        tallies.append(wrapper.gate.tally)
    return played(sinks, results, summed(tallies))


def rank(observation: np.ndarray) -> list[int]:
    """An agent's order of actions, from its observation alone."""
    count = 6 if observation.ndim == 3 else 4
    start = int(np.abs(observation).sum()) % count
    return [(start + place) % count for place in range(count)]


def summed(tallies: Sequence[Tally]) -> Tally:
    sums: dict[str, int | None] = {}
    for name in (f.name for f in fields(Tally)):
        values = [getattr(tally, name) for tally in tallies]
        sums[name] = None if None in values else sum(values)
    return Tally(**sums)  # type: ignore[arg-type]


def seeds_of(n_envs: int) -> list[int]:
    return [100 + index for index in range(n_envs)]


def play_vector(
    skin: str, make: Make, oversee: Oversee, settings: GateSettings, n_envs: int, steps: int
) -> Played:
    makers = [lambda: Answering(make())] * n_envs
    if skin in ("dummy", "subproc"):
        return play_sb3(skin, makers, oversee, settings, steps)
    mode = {"same": AutoresetMode.SAME_STEP, "disa": AutoresetMode.DISABLED}.get(
        skin.removeprefix("async ")[:4], AutoresetMode.NEXT_STEP
    )
    envs: Any = (
        # Forking is warned of where there are threads, and numpy has some.
        AsyncVectorEnv(makers, autoreset_mode=mode, context="forkserver")
        if skin.startswith("async")
        else SyncVectorEnv(makers, autoreset_mode=mode)
    )
    remote, sink = remote_of(envs), MemorySink()
    env = OversightVectorWrapper(envs, oversee(remote.probes), settings, remote=remote, sink=sink)
    env.ranking = rank
    proposers = [actions(remote.n_actions, index) for index in range(n_envs)]
    results: list[list[tuple[Any, ...]]] = [[] for _ in range(n_envs)]
    try:
        _, infos = env.reset(seed=seeds_of(n_envs))
        assert "oversight" not in infos
        resets = np.zeros(n_envs, bool)
        for _ in range(steps):
            proposed = [0 if resets[i] else next(p) for i, p in enumerate(proposers)]
            observations, rewards, ended, cut, infos = env.step(np.array(proposed))
            assert not [key for key in infos if "overseen_screen" in key or "seed" in key]
            over = ended | cut
            for i in np.flatnonzero(~resets):
                same = mode is AutoresetMode.SAME_STEP and over[i]
                told = infos["final_info"] if same else infos
                seen = infos["final_obs"][i] if same else observations[i]
                assert told["_oversight"][i]
                info = {k: v[i] for k, v in told["oversight"].items() if k[0] != "_"}
                results[i].append((seen, rewards[i], info))
            for i in np.flatnonzero(resets):
                assert rewards[i] == 0.0
                assert "_oversight" not in infos or not infos["_oversight"][i]
            resets = over if mode is AutoresetMode.NEXT_STEP else resets
            if mode is AutoresetMode.DISABLED and over.any():
                env.reset(options={"reset_mask": over})
        return played(parted(sink, n_envs), results, env.gate.tally)
    finally:
        env.close()


def play_sb3(
    skin: str, makers: list[Make], oversee: Oversee, settings: GateSettings, steps: int
) -> Played:
    venv = DummyVecEnv(makers) if skin == "dummy" else SubprocVecEnv(makers)
    n_envs = len(makers)
    remote, sink = remote_of_vec_env(venv), MemorySink()
    first = iter(seeds_of(n_envs))
    env = OversightVecEnv(
        venv,
        oversee(remote.probes),
        settings,
        remote=remote,
        sink=sink,
        episode_seed=lambda _number: next(first),
    )
    env.ranking = rank
    proposers = [actions(remote.n_actions, index) for index in range(n_envs)]
    results: list[list[tuple[Any, ...]]] = [[] for _ in range(n_envs)]
    try:
        env.reset()
        for _ in range(steps):
            observations, rewards, dones, infos = env.step(np.array([next(p) for p in proposers]))
            for i, info in enumerate(infos):
                assert "overseen_screen" not in info
                seen = info["terminal_observation"] if dones[i] else observations[i]
                results[i].append((seen, rewards[i], info["oversight"]))
        return played(parted(sink, n_envs), results, env.gate.tally)
    finally:
        env.close()


def assert_agree(vector: Played, single: Played) -> None:
    for mine, theirs in zip(vector.steps, single.steps, strict=True):
        assert len(mine) == len(theirs)
        for got, wanted in zip(mine, theirs, strict=True):
            assert got.record == wanted.record
            assert got.info == wanted.info
            assert got.reward == wanted.reward
            assert np.array_equal(got.screens, wanted.screens)
            assert got.screens.dtype == wanted.screens.dtype
            assert np.array_equal(got.observation, wanted.observation)
    assert vector.seeds == single.seeds
    assert vector.events == single.events
    assert vector.tally == single.tally


def check(
    skin: str, make: Make, who: str, settings: GateSettings, n_envs: int, steps: int
) -> Played:
    vector = play_vector(skin, make, OVERSEERS[who], settings, n_envs, steps)
    counts = [len(each) for each in vector.steps]
    single = play_singles(make, OVERSEERS[who], settings, counts)
    assert_agree(vector, single)
    return vector


CASES = {"nobody": (2,), "oracle": (1, 2, 3), "script": (3,)}
"""Who oversees how many environments."""


@pytest.mark.parametrize(
    ("skin", "who", "n_envs"),
    [
        *((skin, who, n) for skin in ("next step", "dummy") for who in CASES for n in CASES[who]),
        *((skin, who, 2) for skin in ("same step", "disabled") for who in ("oracle", "script")),
    ],
)
def test_in_one_process(skin: str, who: str, n_envs: int) -> None:
    vector = check(skin, pong(20), who, GateSettings(), n_envs, 45)
    assert vector.tally.episodes >= 3 * n_envs
    assert (vector.tally.blocks > 0) is (who != "nobody")


@pytest.mark.parametrize("skin", [skin for skin in SKINS if skin not in SERIAL])
def test_across_processes_under_the_truth(skin: str) -> None:
    vector = check(skin, pong(40), "oracle", GateSettings(), 2, 100)
    assert vector.tally.episodes >= 4
    assert vector.tally.blocks > 0


@pytest.mark.parametrize("skin", ["next step", "async", "subproc"])
@pytest.mark.parametrize(("name", "steps"), [("space_invaders", 150), ("road_runner", 70)])
def test_in_the_other_games_under_the_truth(name: str, steps: int, skin: str) -> None:
    vector = check(skin, atari(name, steps - 10), "oracle", GateSettings(), 2, steps)
    assert vector.tally.episodes >= 4
    assert vector.tally.blocks > 0
    assert vector.tally.catastrophes == 0


@pytest.mark.parametrize("mode", list(Mode))
@pytest.mark.parametrize("skin", SERIAL)
def test_in_every_mode_of_the_gate(skin: str, mode: Mode) -> None:
    """Of an environment that is not overseeable, whose episodes end by themselves."""
    vector = check(skin, lambda: EchoEnv(length=7), "script", GateSettings(mode, history=3), 3, 40)
    assert vector.tally.catastrophes is None
    assert (vector.tally.blocks > 0) is mode.blocks


def test_across_the_end_of_a_game_and_its_catastrophes() -> None:
    vector = check("next step", pong(None), "nobody", GateSettings(), 1, 1_050)
    assert vector.tally.episodes == 2
    assert vector.tally.catastrophes is not None
    assert vector.tally.catastrophes > 5
    (steps,) = vector.steps
    assert sum(step.record["terminated"] for step in steps) == 1
