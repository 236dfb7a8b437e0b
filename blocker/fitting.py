"""From logs to a Blocker in one call: split, train, threshold, verdict."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from blocker.artifact import Blocker
from blocker.dataset import Examples, LabelledLog, examples_from_logs
from blocker.inputs import InputSpec
from blocker.judging import judged
from blocker.mirror import with_mirrored
from blocker.network import BlockerNetwork
from blocker.novelty import fit_novelty
from blocker.pictures import PictureNetwork
from blocker.presets import preset_for
from blocker.readiness import Readiness, assess
from blocker.sight import NetworkSpec
from blocker.splitting import split_by_episode
from blocker.threshold import ThresholdRule, choose_threshold
from blocker.training import train
from blocker.training_types import Epoch, TrainingReport, TrainingSettings

__all__ = ["Fitted", "fit_blocker", "fit_examples"]


@dataclass(frozen=True)
class Fitted:
    """A Blocker and how it came about.

    Attributes:
        blocker: ready to be saved or to judge.
        readiness: its verdict on the test part, also kept in the Blocker.
        report: what training did.
    """

    blocker: Blocker
    readiness: Readiness
    report: TrainingReport


def fit_blocker(
    logs: Sequence[LabelledLog],
    *,
    phases: Sequence[str] | None = None,
    spec: InputSpec | None = None,
    settings: TrainingSettings | None = None,
    shape: NetworkSpec | None = None,
    rule: ThresholdRule | None = None,
    start: Blocker | None = None,
    look: int | None = None,
    on_epoch: Callable[[Epoch], None] | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> Fitted:
    """Make a Blocker from the overseen steps of one or more logs of one game.

    Args:
        logs: opened for reading.
        phases: which phases to learn from; all if not given.
        spec: what the network sees of the screens; the game's preset if not given.
        settings: how to train; its seed also deals the episodes; the preset's if not given.
        shape: the network's; the preset's if not given.
        rule: how the threshold is chosen; its miss rate is also what readiness asks for.
        start: an earlier Blocker to go on from, with more logs; for the same game and shape.
        look: see `assess`.
        on_epoch: called after each pass over the training part.
        should_stop: asked before each batch; True keeps the best so far.

    Raises:
        ValueError: too little to learn from, or logs of different games; says what to do.
        NotLearned: the network does not tell unsafe from safe.
    """
    meta = logs[0].meta if logs else None
    if meta is None:
        raise ValueError("expected at least one log")
    preset = preset_for(meta.game)
    spec = spec or preset.input
    return fit_examples(
        examples_from_logs(logs, spec, phases),
        game=meta.game,
        actions=tuple(meta.actions),
        spec=spec,
        gate=dict(meta.gate),
        settings=settings or preset.training,
        shape=shape or preset.shape_for(spec),
        rule=rule or preset.rule,
        start=start,
        look=look,
        on_epoch=on_epoch,
        should_stop=should_stop,
    )


def fit_examples(
    examples: Examples,
    *,
    game: str,
    actions: tuple[str, ...],
    spec: InputSpec,
    gate: dict[str, object] | None = None,
    settings: TrainingSettings | None = None,
    shape: NetworkSpec | None = None,
    rule: ThresholdRule | None = None,
    start: Blocker | None = None,
    look: int | None = None,
    on_epoch: Callable[[Epoch], None] | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> Fitted:
    """Make a Blocker from examples; arguments and errors as in `fit_blocker`."""
    settings, shape = settings or TrainingSettings(), shape or NetworkSpec()
    rule = rule or ThresholdRule()
    begun: BlockerNetwork | None = None
    if start is not None:
        start.require(game, actions)
        if isinstance(start.network, PictureNetwork):
            raise ValueError(
                "expected a Blocker that learns from single labels to go on from, got one that "
                "looks for itself: it learns from answers about every action alone"
            )
        shape, spec, begun = start.shape, start.spec, start.network
    split = split_by_episode(examples, np.random.default_rng(settings.seed), shape.members)
    learn, fold = split.learn, split.fold
    if settings.mirror is not None:
        learn = with_mirrored(learn, actions, spec, settings.mirror)
        fold = np.concatenate([fold, fold])
    trained = train(
        learn,
        fold,
        actions=actions,
        spec=spec,
        shape=shape,
        settings=settings,
        on_epoch=on_epoch or (lambda _: None),
        start=begun,
        should_stop=should_stop or (lambda: False),
    )
    threshold = choose_threshold(trained.out_of_fold, rule)
    test = split.test.proposed
    readiness = assess(
        judged(trained.network, test),
        threshold,
        miss_rate_limit=rule.miss_rate,
        confidence=rule.confidence,
        look=look,
        labels=len(examples.proposed),
    )
    blocker = Blocker(
        trained.network,
        trained.shape,
        spec,
        threshold,
        game,
        actions,
        gate or {},
        readiness,
        fit_novelty(trained.network, split.learn, test),
    )
    return Fitted(blocker, readiness, trained.report)
