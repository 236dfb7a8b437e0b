"""From labels to a Blocker that may take over: training, held-out figures, verdict."""

from __future__ import annotations

from dataclasses import replace

from blocker import (
    Blocker,
    Epoch,
    InputSpec,
    NotLearned,
    Readiness,
    ThresholdRule,
    TrainingSettings,
    fit_blocker,
    passes_at_most,
    preset_for,
)
from experiments.overseers import Seat
from experiments.reporter import Reporter
from experiments.rundir import RunDirectory
from experiments.settings import RunSettings, ThresholdChoice
from experiments.stopping import StopFlag
from experiments.summary import BEFORE
from oversight import InterventionLog, RunError

__all__ = ["held_out_figures", "rule_of", "spec_of", "train_blocker", "training_of"]


def train_blocker(
    run: RunDirectory,
    settings: RunSettings,
    log: InterventionLog,
    reporter: Reporter,
    stop: StopFlag,
    seat: Seat | None,
    look: int | None = None,
) -> Readiness | None:
    """Train the run's Blocker on its overseen steps and say how it did on unseen episodes.

    Args:
        run: where the Blocker is kept.
        settings: of the run.
        log: with the overseen steps.
        reporter: where progress goes.
        stop: asked before each batch.
        seat: whose window is told that the run is alive.
        look: how often readiness was looked at, this time included; None for the only look.

    Returns:
        The verdict; None if training was stopped: it begins anew when the run is resumed.

    Raises:
        RunError: too few labels; says what to do.
        OversightError: the network has not learned.
    """
    training, spec = training_of(settings), spec_of(settings)
    shape = preset_for(settings.game).shape_for(spec)
    with reporter.bar("training the Blocker", passes_at_most(training, shape)) as bar:

        def on_epoch(epoch: Epoch) -> None:
            bar.show(epoch.number, f"held-out loss {epoch.held_out_loss:.4f}")
            if seat is not None:
                seat.keep_alive("training the Blocker")

        try:
            fitted = fit_blocker(
                [log],
                phases=[BEFORE],
                spec=spec,
                settings=training,
                rule=rule_of(settings),
                look=look,
                on_epoch=on_epoch,
                should_stop=stop,
            )
        except (NotLearned, ValueError) as error:
            if stop():
                return None  # stopped before it could learn: it begins anew on resume
            if isinstance(error, NotLearned):
                raise
            raise RunError(
                f"no Blocker from these labels: {error} (oversee on with --resume "
                f"{run.path} --oversight-steps N, more than {settings.oversight_steps}; the log "
                "is kept)"
            ) from None
    if fitted.report.stopped:
        return None
    fitted.blocker.save(run.blocker)
    report = fitted.report
    reporter.say(
        f"The Blocker was trained in {report.seconds:.0f} s, {report.epochs} passes; "
        f"it blocks from a probability of {fitted.blocker.threshold:.3g} on."
    )
    reporter.say(f"[bold]{fitted.readiness.in_words()}[/bold]")
    return fitted.readiness


def training_of(settings: RunSettings) -> TrainingSettings:
    """How a run's Blocker is trained."""
    training = replace(preset_for(settings.game).training, seed=settings.seed)
    if (epochs := settings.blocker_epochs) is None:
        return training
    return replace(training, epochs=epochs, patience=epochs)


def spec_of(settings: RunSettings) -> InputSpec:
    """What a run's Blocker looks at."""
    spec = preset_for(settings.game).input
    return replace(spec, lags=spec.lags[-(settings.blocker_screens or 0) :])


def rule_of(settings: RunSettings) -> ThresholdRule:
    """How a run's Blocker's threshold is chosen."""
    lowest = settings.threshold is ThresholdChoice.LOWEST_POSITIVE
    return replace(preset_for(settings.game).rule, lowest_positive=lowest)


def held_out_figures(run: RunDirectory) -> dict[str, object] | None:
    """The Blocker's figures on episodes it has not seen, by the summary's keys; None without one.

    The bound is the one by independent runs of positives, which decides; the one by rows, too
    good to be true because positives come in near-duplicates, stands beside it.
    """
    if not run.blocker.is_file():
        return None
    verdict = Blocker.load(run.blocker).readiness
    if verdict is None:
        return None
    return {
        "auc": verdict.auc,
        "threshold": verdict.threshold,
        "misses": verdict.misses,
        "positives": verdict.positives,
        "positive_runs": verdict.runs,
        "false_alarms": verdict.false_alarms,
        "negatives": verdict.negatives,
        "miss_rate_upper_95": verdict.run_miss_rate_upper,
        "miss_rate_upper_95_by_rows": verdict.miss_rate_upper,
        "ready": verdict.ready,
    }
