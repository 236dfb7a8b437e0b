"""A search for a way out where no single backup is one: backups in turn, depth first."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any, TypeVar

from oversight.catastrophe import Catastrophe, Watch
from oversight.emulator import Simulator

__all__ = ["BUDGET", "explore", "rescued", "survives"]

E = TypeVar("E", bound=Simulator[Any])

BUDGET = 4_000
"""Agent steps played before the search gives up: about a second of an Atari game."""


def rescued(
    simulator: E,
    watch: Watch[E],
    what: Catastrophe[E],
    action: int,
    *,
    n_actions: int,
    frameskip: int,
) -> bool:
    """Whether an action, then backups in turn or else any actions, hold the harm off.

    Args:
        simulator: at the state to start from; left somewhere else.
        watch: of that state; not changed.
        what: has the backups, and for how many agent steps harm has to be kept off.
        action: played for one agent step.
        n_actions: all there are; firing may save where no backup does.
        frameskip: frames an agent step.
    """
    branch = watch.copy()
    for _ in range(frameskip):
        simulator.act(action)
        if branch.frame(simulator):
            return False
    after = simulator.snapshot()
    if survives(simulator, branch, what, frameskip=frameskip):
        return True
    others = set(range(n_actions)) - set(what.backups)
    if not others or simulator.key(after) is None:
        return False  # where states cannot be told apart many actions are too many
    simulator.restore(after)
    every, few = (*what.backups, *sorted(others)), BUDGET // 4
    return survives(simulator, branch, what, frameskip=frameskip, budget=few, actions=every)


def survives(
    simulator: E,
    watch: Watch[E],
    catastrophe: Catastrophe[E],
    *,
    frameskip: int,
    budget: int = BUDGET,
    actions: Sequence[int] | None = None,
) -> bool:
    """Whether `explore` finds a way out. A budget that is spent means no."""
    found = explore(
        simulator, watch, catastrophe, frameskip=frameskip, budget=budget, actions=actions
    )
    return found is True


def explore(
    simulator: E,
    watch: Watch[E],
    catastrophe: Catastrophe[E],
    *,
    frameskip: int,
    budget: int,
    actions: Sequence[int] | None = None,
) -> bool | None:
    """Whether some sequence of backups, each for one agent step, keeps the harm from beginning.

    Depth first, and one action at a time, so a way out costs no more than its own steps if there
    are many; no state is looked at twice.

    Args:
        simulator: at the state to start from; left somewhere else.
        watch: of that state; not changed.
        catastrophe: has the backups, and for how many agent steps harm has to be kept off.
        frameskip: frames an agent step.
        budget: most agent steps to play.
        actions: tried in place of the backups, as they are, the likeliest first.

    Returns:
        False if there is none; None if the budget was spent before all were tried.
    """
    tried = catastrophe.backups if actions is None else tuple(actions)
    seen: set[tuple[int, Hashable, Hashable]] = set()
    # Of each step on the way: the state before it, and the actions that were not played from there.
    way = [(simulator.snapshot(), watch, iter(tried))]
    moved = False
    while way:
        if len(way) > catastrophe.horizon:
            return True
        if budget == 0:
            return None
        state, before, left = way[-1]
        action = next(left, None)
        if action is None:
            way.pop()
            continue
        if moved:
            simulator.restore(state)
        moved = True
        after = before.copy()
        budget -= 1
        played = catastrophe.backup(simulator, action) if actions is None else action
        if _harm_begins(simulator, after, catastrophe, played, frameskip):
            continue
        reached = simulator.snapshot()
        key = simulator.key(reached)
        place = (len(way), key, after.state)
        if key is None or place not in seen:
            seen.add(place)
            way.append((reached, after, iter(tried)))
            moved = False
    return False


def _harm_begins(
    simulator: E, watch: Watch[E], catastrophe: Catastrophe[E], action: int, frames: int
) -> bool:
    for _ in range(frames):
        simulator.act(action)
        if watch.frame(simulator) or catastrophe.sealed(simulator):
            return True
    return False
