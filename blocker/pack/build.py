"""Building a pack: policies propose, the exact rule or the truth guards, everything is kept."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from blocker.errors import PackError
from blocker.pack.card import data_card
from blocker.pack.manifest import CARD, Manifest, log_path, truths_path
from blocker.pack.measure import measured
from blocker.pack.recipe import PackPolicy, PartRecipe, Recipe, episode_seed
from blocker.pack.truths import TruthsWriter
from oversight import (
    AtariGame,
    AtariSettings,
    GateSettings,
    InterventionLog,
    LogMeta,
    OracleOverseer,
    OversightWrapper,
    game_named,
)
from oversight.games import entry_of

__all__ = ["build_pack"]


def build_pack(
    recipe: Recipe,
    policies: Sequence[PackPolicy],
    out: Path,
    on_step: Callable[[str, int, int], None] = lambda *_: None,
) -> Manifest:
    """Build a pack into a new folder.

    The same recipe and policies give the same steps, screens and truths, bit for bit, and so the
    same digest; times of day in the logs differ. Policies that compute with floating-point numbers
    (agents) do so only on machines that round alike; their actions are in the log.

    Args:
        recipe: what to build.
        policies: those that the recipe names; others are not asked.
        out: a folder that is not there yet, or empty.
        on_step: called after each step with the part's name, steps done and steps in all.

    Raises:
        PackError: the folder is in use, or a policy is missing.
    """
    known = {policy.name: (number, policy) for number, policy in enumerate(policies)}
    for part in recipe.parts.values():
        missing = [name for name in part.policies if name not in known]
        if missing:
            raise PackError(f"expected a policy {missing[0]!r}, got {', '.join(known)}")
    if out.exists() and any(out.iterdir()):
        raise PackError(f"{out} is not empty: name a new folder for the pack")
    out.mkdir(parents=True, exist_ok=True)
    for name, part in recipe.parts.items():
        _build_part(recipe, name, part, known, out, on_step)
    manifest = Manifest.new(recipe, [known[name][1] for name in _used(recipe)], measured(out))
    (out / CARD).write_text(data_card(manifest), encoding="utf-8")
    manifest.save(out)  # last: a folder without it is no pack
    return manifest


def _used(recipe: Recipe) -> list[str]:
    return list(dict.fromkeys(name for part in recipe.parts.values() for name in part.policies))


def _build_part(
    recipe: Recipe,
    name: str,
    part: PartRecipe,
    known: dict[str, tuple[int, PackPolicy]],
    out: Path,
    on_step: Callable[[str, int, int], None],
) -> None:
    settings = AtariSettings(max_agent_steps=recipe.segment_steps)
    env = AtariGame(game_named(recipe.game), settings)
    writer, total = TruthsWriter(outcomes=part.outcomes), part.steps * len(part.policies)
    with InterventionLog.create(log_path(out, name), _meta(recipe, env)) as log:
        for policy_name in part.policies:
            number, policy = known[policy_name]
            rng = np.random.default_rng([recipe.seed, len(name), number])
            proposer = policy.make(env, rng)
            done = episode = 0
            while done < part.steps:
                probe = env.truth if _guard(part, episode) == "truth" else env.rule
                wrapper = OversightWrapper(
                    env,
                    OracleOverseer([probe]),
                    sink=log,
                    phase=policy_name,
                    first_step_id=log.next_step_id,
                    first_episode=log.next_episode,
                )
                observation, _ = wrapper.reset(
                    seed=episode_seed(recipe.seed, name, number, episode)
                )
                proposer.reset()
                over = False
                while not over and done < part.steps:
                    action = proposer.propose(observation)
                    writer.ask(env, action)
                    observation, _, ended, cut, _ = wrapper.step(action)
                    over, done = ended or cut, done + 1
                    on_step(name, log.next_step_id, total)
                episode += 1
    writer.truths().save(truths_path(out, name))


def _guard(part: PartRecipe, episode: int) -> str:
    return part.guards[episode % len(part.guards)]


def _meta(recipe: Recipe, env: AtariGame) -> LogMeta:
    gate, entry = GateSettings(), entry_of(recipe.game)
    return LogMeta(
        game=env.game.name,
        actions=env.game.actions,
        screen_shape=env.screen().shape,
        screen_dtype=str(env.screen().dtype),
        catastrophe=env.catastrophe_name,
        seed=recipe.seed,
        gate={
            "reward_rule": gate.reward_rule.value,
            "penalty": gate.penalty,
            "history": gate.history,
            "rule": entry.rule,
        },
        environment={
            "frameskip": env.game.frameskip,
            "noop_max": env.settings.noop_max,
            "segment_steps": recipe.segment_steps,
            "sticky": env.settings.sticky,
            "clip_reward": env.settings.clip_reward,
        },
    )
