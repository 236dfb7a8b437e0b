"""A small classifier of what a person has named: trees, kept as plain tables in one file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save
from sklearn.ensemble import ExtraTreesClassifier

from blocker.artifact import write_whole
from blocker.errors import BlockerFileError
from blocker.naming.view import View
from oversight.compiled import compiled

__all__ = ["Spotter", "fit_spotter"]

Array = NDArray[np.float32]
FORMAT, FORMAT_VERSION = "hirl-spotter", 1
TREES, COLUMNS = 200, 0.3
"""Trees, and the share of the numbers that a split chooses from. Extremely randomised trees (Geurts
et al., Machine Learning 63, 2006) learn from a few dozen answers, where boosting wants ten in a
leaf."""
EVEN = 0.5
"""From this share of the votes on a pair of screens is called bad."""
MADE_BY = "'python -m experiments name'"


@dataclass(frozen=True, eq=False)
class Spotter:
    """Says of a pair of screens, an agent step apart, whether something bad happened, or goes on.

    Attributes:
        game: name of the game.
        view: what is looked at.
        asked: int32 (nodes,), number that a node asks about; -1 for a leaf.
        limit: float64 (nodes,), up to which the answer is "left".
        left, right: int32 (nodes,), where it goes on.
        share: float32 (nodes,), of a leaf's answers how many were bad.
        roots: int32 (trees,).
    """

    game: str
    view: View
    asked: NDArray[np.int32]
    limit: NDArray[np.float64]
    left: NDArray[np.int32]
    right: NDArray[np.int32]
    share: NDArray[np.float32]
    roots: NDArray[np.int32]

    def votes(self, told: Array) -> Array:
        """Share of the trees' votes for bad: float32 (n,) of float32 (n, d) from `View.tell`."""
        out = np.empty(len(told), dtype=np.float32)
        _vote(told, self.asked, self.limit, self.left, self.right, self.share, self.roots, out)
        return out

    def bad(self, before: NDArray[np.uint8], now: NDArray[np.uint8], *, over: bool) -> bool:
        """Whether a pair of screens is bad; arguments as in `View.tell`."""
        told = self.view.tell(before, now, over=over)
        return bool(self.votes(told[None])[0] >= EVEN)

    def save(self, path: Path) -> None:
        """Write the file; an older one is replaced only when the new one is complete.

        Raises:
            BlockerFileError: the place cannot be written.
        """
        tables = {name: getattr(self, name) for name in _TABLES}
        about = {
            "format_version": FORMAT_VERSION,
            "game": self.game,
            "view": self.view.as_dict(),
        }
        content = save(tables, metadata={"format": FORMAT, "spotter": json.dumps(about)})
        try:
            write_whole(path, content)
        except OSError as error:
            raise BlockerFileError(
                f"cannot write the spotter to {path}: {error.strerror or error}"
            ) from error

    @classmethod
    def load(cls, path: Path) -> Spotter:
        """Read a spotter's file.

        Raises:
            BlockerFileError: it is missing, something else, damaged, or of another version.
        """
        if not path.is_file():
            raise BlockerFileError(f"no spotter at {path}: expected a file made by {MADE_BY}")
        try:
            with safe_open(path, framework="numpy") as file:
                metadata = file.metadata() or {}
                tables = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        except (SafetensorError, OSError) as error:
            raise BlockerFileError(
                f"{path} is not a spotter: expected a safetensors file ({error})"
            ) from error
        if metadata.get("format") != FORMAT:
            raise BlockerFileError(f"{path} is not a spotter: expected a file made by {MADE_BY}")
        return _restored(path, metadata, tables)


_TABLES = ("asked", "limit", "left", "right", "share", "roots")


def _restored(
    path: Path, metadata: Mapping[str, str], tables: dict[str, NDArray[np.generic]]
) -> Spotter:
    try:
        about = json.loads(metadata["spotter"])
        if about["format_version"] != FORMAT_VERSION:
            raise BlockerFileError(
                f"{path}: expected spotter format version {FORMAT_VERSION}, got "
                f"{about['format_version']}: make it again with {MADE_BY}"
            )
        made = Spotter(str(about["game"]), View.from_dict(about["view"]), **tables)  # type: ignore[arg-type]
    except (KeyError, TypeError, ValueError) as error:
        raise BlockerFileError(
            f"{path} is damaged: its description and its tables do not fit ({error})"
        ) from error
    if not _sound(made):
        raise BlockerFileError(f"{path} is damaged: its trees lead out of their tables")
    return made


def _sound(made: Spotter) -> bool:
    """Whether every node's way on lies behind it in the tables, so that each walk ends in them."""
    kinds = {"asked": "i4", "limit": "f8", "left": "i4", "right": "i4", "share": "f4"}
    nodes = made.asked.size
    if any(getattr(made, name).shape != (nodes,) for name in kinds) or made.roots.ndim != 1:
        return False
    if any(getattr(made, name).dtype != np.dtype(kind) for name, kind in kinds.items()):
        return False
    inner = np.flatnonzero(made.asked >= 0)
    ways = np.concatenate([made.left[inner], made.right[inner]])
    onward = bool((ways > np.tile(inner, 2)).all() and (ways < nodes).all())
    roots = made.roots.dtype == np.int32 and bool(
        ((made.roots >= 0) & (made.roots < nodes)).all() and len(made.roots)
    )
    return onward and roots and bool((made.asked < made.view.told).all())


def fit_spotter(game: str, view: View, told: Array, bad: NDArray[np.bool_], seed: int) -> Spotter:
    """Learn from a person's answers.

    Args:
        game: name of the game.
        view: what was looked at.
        told: float32 (n, d), of each answered pair; see `View.tell`.
        bad: bool (n,), the answers.
        seed: of the trees.

    Raises:
        ValueError: the answers are all alike.
    """
    if not bad.any() or bad.all():
        raise ValueError("expected answers of both kinds, got one: show more screens")
    model = ExtraTreesClassifier(TREES, max_features=COLUMNS, random_state=seed)
    model.fit(told, bad)
    parts: dict[str, list[NDArray[np.generic]]] = {name: [] for name in _TABLES}
    start = 0
    for tree in (one.tree_ for one in model.estimators_):
        leaf = tree.children_left < 0
        parts["asked"].append(np.where(leaf, -1, tree.feature).astype(np.int32))
        parts["limit"].append(np.where(leaf, 0.0, tree.threshold))
        parts["left"].append(np.where(leaf, 0, tree.children_left + start).astype(np.int32))
        parts["right"].append(np.where(leaf, 0, tree.children_right + start).astype(np.int32))
        counts = tree.value[:, 0, :]
        parts["share"].append((counts[:, 1] / counts.sum(axis=1)).astype(np.float32))
        parts["roots"].append(np.array([start], dtype=np.int32))
        start += len(leaf)
    tables = {name: np.concatenate(each) for name, each in parts.items()}
    return Spotter(game, view, **tables)


@compiled
def _vote(
    told: Array,
    asked: NDArray[np.int32],
    limit: NDArray[np.float64],
    left: NDArray[np.int32],
    right: NDArray[np.int32],
    share: Array,
    roots: NDArray[np.int32],
    out: Array,
) -> None:
    """The mean over trees of what their leaves hold."""
    for row in range(len(told)):
        total = 0.0
        for root in roots:
            node = root
            while asked[node] >= 0:
                node = left[node] if told[row, asked[node]] <= limit[node] else right[node]
            total += share[node]
        out[row] = total / len(roots)
