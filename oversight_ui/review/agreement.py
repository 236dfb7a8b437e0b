"""How far two overseers agree on the same steps: Cohen's kappa.

Kappa is (observed - expected) / (1 - expected) agreement, where the expected one is that of two who
judge independently, each as often unsafe as before (Cohen 1960, doi 10.1177/001316446002000104).
Where almost everything is safe, plain agreement flatters; kappa does not.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from oversight.log import SAFE, UNKNOWN, UNSAFE
from oversight_ui.review.recording import LABEL_ERRORS, Recording, Said

__all__ = ["Agreement", "Judge", "agree", "cohens_kappa", "judges_of"]

RESAMPLES = 1000


@dataclass(frozen=True)
class Judge:
    """One who judged steps.

    Attributes:
        name: as people read it.
        verdict: int8 (n,), SAFE, UNSAFE, or UNKNOWN where there is no judgement.
    """

    name: str
    verdict: NDArray[np.int8]


@dataclass(frozen=True, slots=True)
class Agreement:
    """Two judges beside each other, on the steps that both judged.

    Attributes:
        first, second: their names.
        counts: both safe; first safe and second unsafe; first unsafe and second safe; both unsafe.
        kappa: Cohen's kappa; None where it is not defined: no step, or both always say the same.
        low, high: its 95 % bootstrap interval over whole episodes; None as above.
    """

    first: str
    second: str
    counts: tuple[int, int, int, int]
    kappa: float | None
    low: float | None
    high: float | None

    @property
    def steps(self) -> int:
        """How many steps both judged."""
        return sum(self.counts)

    @property
    def share(self) -> float | None:
        """The share on which they agree; None without steps."""
        return (self.counts[0] + self.counts[3]) / self.steps if self.steps else None


def cohens_kappa(counts: NDArray[np.float64] | NDArray[np.int64]) -> NDArray[np.float64]:
    """Cohen's kappa of two judges and two answers.

    Args:
        counts: (..., 4), see `Agreement.counts`.

    Returns:
        (...), NaN where the expected agreement is 1 or nothing was counted.
    """
    cells = np.asarray(counts, np.float64)
    total = cells.sum(axis=-1)
    with np.errstate(invalid="ignore", divide="ignore"):
        ss, su, us, uu = np.moveaxis(cells, -1, 0) / total
        observed = ss + uu
        expected = (ss + su) * (ss + us) + (us + uu) * (su + uu)
        kappa: NDArray[np.float64] = (observed - expected) / (1.0 - expected)
    return np.where(np.isclose(expected, 1.0), np.nan, kappa)


def agree(
    first: Judge, second: Judge, episode: NDArray[np.int64], rng: np.random.Generator
) -> Agreement:
    """Compare two judges.

    Args:
        first: one judge.
        second: the other.
        episode: int64 (n,), episode of each step: steps of one are alike, so the bootstrap draws
            whole episodes.
        rng: for the bootstrap.
    """
    both = (first.verdict != UNKNOWN) & (second.verdict != UNKNOWN)
    cell = 2 * (first.verdict[both] == UNSAFE) + (second.verdict[both] == UNSAFE)
    numbers, group = np.unique(episode[both], return_inverse=True)
    table = np.zeros((len(numbers), 4), np.int64)
    np.add.at(table, (group, cell), 1)
    counts = table.sum(axis=0)
    kappa = cohens_kappa(counts) if len(numbers) else np.array(np.nan)
    low, high = _interval(table, rng)
    a, b, c, d = counts.tolist()
    return Agreement(first.name, second.name, (a, b, c, d), _known(kappa), low, high)


def _interval(
    table: NDArray[np.int64], rng: np.random.Generator
) -> tuple[float | None, float | None]:
    groups = len(table)
    if groups < 2:
        return None, None
    weights = rng.multinomial(groups, np.full(groups, 1.0 / groups), size=RESAMPLES)
    drawn = cohens_kappa(weights @ table)
    drawn = drawn[~np.isnan(drawn)]
    if not len(drawn):
        return None, None
    low, high = np.quantile(drawn, (0.025, 0.975))
    return float(low), float(high)


def _known(value: NDArray[np.float64]) -> float | None:
    return None if np.isnan(value) else float(value)


def judges_of(recording: Recording, other: Judge | None = None) -> tuple[Judge, ...]:
    """Everybody who judged steps of a log.

    The labels as they stand; as first given, by who gave them; each author of later words; each
    scorer at its threshold; the truth, where it is known; and another log's labels if given.
    """
    steps = recording.steps
    found = [Judge("labels as they stand", _judged(steps.verdict))]
    for source in np.unique(steps.source).tolist():
        first = np.where(steps.source == source, _judged(recording.first), UNKNOWN)
        found.append(Judge(f"{source}, as first given", first.astype(np.int8)))
    found += _authors(recording)
    for name, opinion in recording.opinions.items():
        if name != LABEL_ERRORS:
            unsafe = np.where(opinion.probability >= opinion.threshold, UNSAFE, SAFE)
            known = np.where(np.isnan(opinion.probability), UNKNOWN, unsafe)
            found.append(Judge(f"scores of {name}", known.astype(np.int8)))
    if (steps.proposed_unsafe != UNKNOWN).any():
        found.append(Judge("the truth", steps.proposed_unsafe.astype(np.int8)))
    return (*found, other) if other is not None else tuple(found)


def _judged(verdict: NDArray[np.int8]) -> NDArray[np.int8]:
    return np.where((verdict == SAFE) | (verdict == UNSAFE), verdict, UNKNOWN).astype(np.int8)


def _authors(recording: Recording) -> list[Judge]:
    words: dict[str, dict[int, list[Said]]] = {}
    for word in recording.said:
        mine = words.setdefault(word.author, {}).setdefault(word.row, [])
        undone = [earlier for earlier in mine if earlier.change == word.takes_back]
        if word.takes_back is not None and undone:
            mine.remove(undone[-1])
        else:
            mine.append(word)
    judges = []
    for author, by_row in sorted(words.items()):
        verdict = np.full(len(recording), UNKNOWN, np.int8)
        for row, mine in by_row.items():
            verdict[row] = mine[-1].verdict if mine else UNKNOWN
        judges.append(Judge(f"{author}, in review", _judged(verdict)))
    return judges
