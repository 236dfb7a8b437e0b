"""Pairs of screens of play with nobody overseeing, to be shown to whoever names the catastrophe."""

from __future__ import annotations

import json
import zlib
from collections import deque
from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from blocker.naming import View
from experiments.labelling import exploring
from experiments.phases import episode_seed
from experiments.reporter import Reporter
from experiments.segments import segment_of
from experiments.stopping import StopFlag
from oversight import AtariGame, AtariSettings, RunError
from oversight.arrays import read_arrays, write_arrays
from oversight.catastrophe import Catastrophe, Watch
from oversight.definition import Definition
from oversight.emulator import Emulator
from oversight.errors import UnreadableArrays
from oversight.games import entry_of

__all__ = ["LATE", "Pool", "SeenLate", "gather_pool"]

LATE: Mapping[str, int] = MappingProxyType({"space_invaders": 1})
"""Frames by which the screen is behind the console's memory: a barrier's hole is drawn one frame
after its bit has fallen. With 0 there four onsets of 150 were seen a step late, with 1 one."""
SCREEN = (210, 160)


@dataclass(frozen=True)
class Pool:
    """Pairs of screens, an agent step apart.

    Attributes:
        told: float32 (n, d), what is told of each; see `View.tell`.
        over: bool (n,), whether the game ended with it.
        bad: bool (n,), by the truth: harm began within the step or is going on at its end. Whoever
            names it does not see this.
        began: bool (n,), by the truth: harm began within the step.
        places: int64 (n, 2), numbers of the screens before and now.
        packed: uint8 (bytes,), all screens, compressed one by one.
        ends: int64 (screens,), where each of them ends.
        about: what the pairs are of, and what is told of them, as text.
    """

    told: NDArray[np.float32]
    over: NDArray[np.bool_]
    bad: NDArray[np.bool_]
    began: NDArray[np.bool_]
    places: NDArray[np.int64]
    packed: NDArray[np.uint8]
    ends: NDArray[np.int64]
    about: NDArray[np.str_]

    def __len__(self) -> int:
        """How many pairs."""
        return len(self.told)

    def pair(self, number: int) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """The screens before and now of a pair: uint8 (210, 160) each."""
        before, now = self.places[number].tolist()
        return self._screen(before), self._screen(now)

    def _screen(self, number: int) -> NDArray[np.uint8]:
        first = 0 if number == 0 else int(self.ends[number - 1])
        packed = self.packed[first : int(self.ends[number])].tobytes()
        return np.frombuffer(zlib.decompress(packed), np.uint8).reshape(SCREEN)

    def save(self, path: Path) -> None:
        """Write the arrays, all of them or none.

        Raises:
            RunError: the place cannot be written.
        """
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_arrays(path, vars(self))
        except OSError as error:
            raise RunError(
                f"{path} cannot be written: {error.strerror or error}; make room, or give another "
                "--work"
            ) from None

    @classmethod
    def load(cls, path: Path) -> Pool:
        """Read `save`'s file.

        Raises:
            RunError: it is damaged.
        """
        try:
            return cls(**read_arrays(path, [field.name for field in fields(cls)]))
        except UnreadableArrays as error:
            raise RunError(f"{error}: remove it, and it is gathered again") from error


@dataclass(frozen=True)
class SeenLate(Catastrophe[Emulator]):
    """A game's catastrophe at the frame at which it can be seen."""

    what: Catastrophe[Emulator]
    frames: int

    @property
    def name(self) -> str:
        """See `Catastrophe.name`."""
        return self.what.name

    @property
    def backups(self) -> tuple[int, ...]:
        """See `Catastrophe.backups`."""
        return self.what.backups

    @property
    def horizon(self) -> int:
        """See `Catastrophe.horizon`; of no use: nothing is looked ahead here."""
        return self.what.horizon

    def watch(self, emulator: Emulator) -> Watch[Emulator]:
        """See `Catastrophe.watch`."""
        watch = self.what.watch(emulator)
        return _LateWatch(watch, deque([(False, watch.harmful)] * (self.frames + 1)))


class _LateWatch:
    """Says of each frame what another watch said some frames before."""

    def __init__(self, watch: Watch[Emulator], said: deque[tuple[bool, bool]]) -> None:
        self._watch = watch
        self._said = said

    @property
    def harmful(self) -> bool:
        """See `Watch.harmful`."""
        return self._said[0][1]

    @property
    def state(self) -> Hashable:
        """See `Watch.state`."""
        return (self._watch.state, *self._said)

    def frame(self, emulator: Emulator) -> bool:
        """See `Watch.frame`."""
        self._said.popleft()
        began = self._watch.frame(emulator)
        self._said.append((began, self._watch.harmful))
        return self._said[0][0]

    def copy(self) -> _LateWatch:
        """See `Watch.copy`."""
        return _LateWatch(self._watch.copy(), self._said.copy())


def gather_pool(
    path: Path, game: str, view: View, steps: int, *, seed: int, reporter: Reporter, stop: StopFlag
) -> Pool:
    """Play exploring actions with nobody overseeing.

    Args:
        path: of the pool; what is there is not played again.
        game: by name.
        view: what is told of each pair.
        steps: agent steps.
        seed: of episodes and actions.
        reporter: shows a bar.
        stop: asked before each step.

    Raises:
        RunError: stopped, and nothing is kept; or what is there is damaged or of something else.
    """
    about = json.dumps([game, steps, seed, view.as_dict(), LATE.get(game, 0)])
    if path.exists():
        pool = Pool.load(path)
        if str(pool.about) != about:
            raise RunError(f"{path} is of another version of hirl or other play: remove it")
        return pool
    pool = _pooled(view, _played(game, view, steps, seed, reporter, stop), about)
    pool.save(path)
    return pool


@dataclass(frozen=True, slots=True)
class _Pair:
    screens: tuple[NDArray[np.uint8], NDArray[np.uint8]]
    over: bool
    began: bool
    harmful: bool


def _pooled(view: View, pairs: Iterator[_Pair], about: str) -> Pool:
    """Keep the pairs, each screen once, compressed as they come."""
    told, kept, places, facts = [], [], [], []
    last: NDArray[np.uint8] | None = None
    for pair in pairs:
        before, now = pair.screens
        told.append(view.tell(view.crop(before), view.crop(now), over=pair.over))
        for screen in (now,) if before is last else (before, now):
            kept.append(zlib.compress(screen.tobytes(), 1))
        places.append((len(kept) - 2, len(kept) - 1))
        facts.append((pair.over, pair.began or pair.harmful, pair.began))
        last = now
    over, bad, began = np.array(facts, dtype=np.bool_).T
    return Pool(
        told=np.stack(told),
        over=over,
        bad=bad,
        began=began,
        places=np.array(places, dtype=np.int64),
        packed=np.frombuffer(b"".join(kept), np.uint8),
        ends=np.cumsum([len(one) for one in kept], dtype=np.int64),
        about=np.array(about),
    )


def _played(
    game: str, view: View, steps: int, seed: int, reporter: Reporter, stop: StopFlag
) -> Iterator[_Pair]:
    entry = entry_of(game)
    seen = Definition(SeenLate(entry.truth.catastrophe, LATE.get(game, 0)))
    env = AtariGame(  # the one definition is also the rule, so that nothing else is watched
        replace(entry, definitions=MappingProxyType({"seen": seen}), rule=None),
        AtariSettings(max_agent_steps=segment_of(game), observe=False),
    )
    actions = exploring(env, np.random.default_rng([seed, 31]))
    episode, over, before = 0, True, env.screen()
    with reporter.bar(f"{game}, screens", steps) as bar:
        for step in range(1, steps + 1):
            if stop():
                raise RunError("stopped while screens were gathered; they are gathered anew")
            if over:
                env.reset(seed=episode_seed(seed)(episode))
                episode += 1
                before = view.steady(env.screen(), env.screen_before())
            *_, ended, cut, info = env.step(next(actions))
            over = ended or cut
            now = view.steady(env.screen(), env.screen_before())
            yield _Pair((before, now), ended, info["catastrophe_onsets"] > 0, env.harmful)
            before = now
            if step % 50 == 0 or step == steps:
                bar.show(step)
