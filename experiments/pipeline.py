"""A whole run: oversight, Blocker, hand-over, training under the Blocker, figures."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

from blocker import Blocker, BlockerOverseer
from experiments.calling_back import HandoverOverseer
from experiments.figures import draw_overview, write_metrics
from experiments.handover import held_out_figures, train_blocker
from experiments.overseers import Seat, take_seat
from experiments.phases import Ended, Phase, open_log, play
from experiments.preflight import preflight
from experiments.reporter import Reporter
from experiments.rundir import RunDirectory, Stage, write_json
from experiments.segments import segment_of
from experiments.settings import Condition, Handover, RunSettings
from experiments.stopping import StopFlag
from experiments.summary import AFTER, BEFORE, phase_figures, phase_names, summarise
from experiments.tables import TITLES, figures_table, summary_table
from experiments.video import write_video
from oversight import (
    AtariGame,
    InterventionLog,
    Mode,
    OracleOverseer,
    Overseer,
    OversightError,
    game_named,
)
from oversight.log import Keep

__all__ = ["Sitting", "run_sitting"]


class Sitting:
    """One sitting at a run, from where its directory says it stands to its end or a stop."""

    def __init__(
        self, run: RunDirectory, log: InterventionLog, reporter: Reporter, stop: StopFlag
    ) -> None:
        """Sit down at a run.

        Args:
            run: its directory.
            log: its log, open for writing.
            reporter: where progress goes.
            stop: asked at every step.
        """
        self.run = run
        self.settings: RunSettings = run.settings().check()
        self.state = run.state()
        self._before, self._begun = self.state.wall_seconds, time.monotonic()
        self._log = log
        self._reporter = reporter
        self._stop = stop

    def go(self) -> None:
        """Do what is left of the run; returns early when it is stopped or the overseer leaves."""
        if self.settings.condition is Condition.HIRL:
            self._hirl()
        else:
            self._baseline()

    def _hirl(self) -> None:
        if self.state.stage is Stage.OVERSIGHT:
            with take_seat(self.settings, self._reporter, self._stop) as seat:
                if self._stop():
                    return
                self.remember(overseer=seat.label)
                seat.teach(self.run)
                if self._oversee(seat) and self._train(seat):
                    self._under_blocker(seat)
        elif self.state.stage is Stage.BLOCKER or (
            self.state.stage is Stage.TRAINING and self._train(None)
        ):
            self._under_blocker_again()

    def _under_blocker_again(self) -> None:
        """Go on after the hand-over; with somebody in the seat if they may be called back."""
        if not self.settings.call_back:
            self._under_blocker(None)
            return
        with take_seat(self.settings, self._reporter, self._stop) as seat:
            if not self._stop():
                self._under_blocker(seat)

    def _oversee(self, seat: Seat) -> bool:
        try:
            person = seat.human is not None
            reach = self.settings.undo_steps if person else 0
            behind = self.settings.updates_behind if person else 0
            ended = self._play(BEFORE, Mode.REPLACE, seat.overseer, reach, behind)
        finally:
            seat.hand_in(self._log)
            seat.close()
        left = ended.gone is not None and not self._stop()
        if left:
            self._reporter.say(f"The overseer has left: {ended.gone}")
        if not (ended.complete or left):
            return False
        self.remember(stage=Stage.TRAINING)
        return not self._stop()

    def _train(self, seat: Seat | None) -> bool:
        # Who may come back until it is ready looks more than once, and has to be surer each time.
        again = self.settings.handover is Handover.WHEN_READY
        look = self.state.looks + 1 if again else None
        try:
            readiness = train_blocker(
                self.run, self.settings, self._log, self._reporter, self._stop, seat, look
            )
        except OversightError:
            # Too little to learn from: a resumed run lets the overseer go on.
            self.remember(stage=Stage.OVERSIGHT)
            raise
        if readiness is None:
            return False
        self.remember(looks=self.state.looks + 1)
        ready = readiness.ready
        if not ready and self.settings.handover is Handover.WHEN_READY:
            self.remember(stage=Stage.OVERSIGHT, readiness=readiness.in_words())
            self._reporter.say(
                "No hand-over: the Blocker is not ready by the stated limits. Oversee more steps: "
                f"--resume {self.run.path} --oversight-steps N, more than "
                f"{self.settings.oversight_steps}."
            )
            return False
        if not ready:
            self._reporter.say(
                "Handing over all the same, as --handover always (the default) has it."
            )
        self.remember(
            stage=Stage.BLOCKER,
            readiness=readiness.in_words(),
            handover="ready" if ready else "explicit choice",
        )
        return True

    def _under_blocker(self, seat: Seat | None) -> None:
        blocker = Blocker.load(self.run.blocker)
        game = game_named(self.settings.game)

        def overseer(env: AtariGame) -> Overseer:
            judge: Overseer = BlockerOverseer(blocker, game)
            if seat is not None and self.settings.call_back:
                return HandoverOverseer(BlockerOverseer(blocker, game), seat.overseer(env))
            return judge if seat is None else seat.watched(judge, "THE BLOCKER oversees", AFTER)

        mode = Mode.PRUNE if self.settings.prune else Mode.REPLACE
        if self._play(AFTER, mode, overseer).complete:
            self.remember(stage=Stage.DONE)

    def _baseline(self) -> None:
        penalty = self.settings.condition is Condition.PENALTY_ONLY
        mode = Mode.PENALTY_ONLY if penalty else Mode.OFF
        self.remember(overseer="oracle" if penalty else None)

        def overseer(env: AtariGame) -> Overseer:
            return OracleOverseer([env.truth])  # in the mode "off" nobody asks it

        first, second = phase_names(self.settings.condition)
        for name, stage, after in (
            (first, Stage.OVERSIGHT, Stage.BLOCKER),
            (second, Stage.BLOCKER, Stage.DONE),
        ):
            if self.state.stage is stage and self._play(name, mode, overseer).complete:
                self.remember(stage=after)

    def _play(
        self,
        name: str,
        mode: Mode,
        overseer: Callable[[AtariGame], Overseer],
        undo_steps: int = 0,
        updates_behind: int = 0,
    ) -> Ended:
        first = name == phase_names(self.settings.condition)[0]
        segment = segment_of(self.settings.game, self.settings.segment_steps)
        phase = Phase(
            name=name,
            title=TITLES[name],
            steps=self.settings.oversight_steps if first else self.settings.blocker_steps,
            segment_steps=segment if first else None,
            mode=mode,
            overseer=overseer,
            rewind_steps=max(self.settings.rewind_steps, undo_steps),
            updates_behind=updates_behind,
        )
        ended = play(
            *(self.run, self.settings, phase, self._log, self._reporter, self._stop), self.remember
        )
        self.remember(learned_steps=ended.learned_steps)
        return ended

    def remember(self, **news: object) -> None:
        """Keep how far the run has come, and the time of this sitting with that of those before."""
        spent = self._before + time.monotonic() - self._begun
        self.state = replace(self.state, wall_seconds=spent, **news)  # type: ignore[arg-type]
        self.run.remember(self.state)


def run_sitting(run: RunDirectory, reporter: Reporter, stop: StopFlag) -> Stage:
    """Go on with a run, and leave its figures as they are then, however it ends.

    Returns:
        How far the run has come.

    Raises:
        OversightError: it cannot go on; what was recorded is kept.
    """
    settings = run.settings().check()
    if not run.log.exists():
        reporter.say(preflight(run.path, settings).in_words())
    with open_log(run.log, settings) as log:
        log.keeper.phases[AFTER] = Keep(settings.keep_screens)
        sitting = Sitting(run, log, reporter, stop)
        try:
            sitting.go()
        finally:
            sitting.remember()
            _leave_figures(run, log, reporter)
    return run.state().stage


def _leave_figures(run: RunDirectory, log: InterventionLog, reporter: Reporter) -> None:
    settings, state = run.settings(), run.state()
    table, events = log.steps(), log.events()
    if len(table) == 0:
        return
    game = game_named(settings.game)
    summary = summarise(log, settings, state, held_out_figures(run))
    write_json(run.summary, summary)
    write_metrics(run.metrics, table, events)
    who = f"overseen by: {state.overseer}" if state.overseer else "nobody oversees"
    draw_overview(run.overview, table, events, f"{game.title}, {settings.condition.value}, {who}")
    if settings.condition is Condition.HIRL:
        write_video(run.video, log, game, tuple(dict.fromkeys(table.phase.tolist())))
    total = len(log.steps(undone=True))
    if state.learned_steps is not None and state.learned_steps < total:
        reporter.say(
            f"The agent has learned in {state.learned_steps:,} of {total:,} agent steps: after a "
            "kill it goes on from its last checkpoint, the log from its last step."
        )
    rows = [(TITLES[n], phase_figures(table, events, n)) for n in phase_names(settings.condition)]
    reporter.console.print()
    title = f"{game.title}: {settings.condition.value}"
    reporter.console.print(figures_table([r for r in rows if r[1].agent_steps], title))
    reporter.console.print(summary_table(summary))
