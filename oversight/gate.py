"""The gate: all that oversight means, in one class that knows no environment class.

It is used in two halves around an environment's step, for one environment or for many:

    executed = gate.decide(actions)          # proposals, review, what to execute
    ...the environments are stepped...
    settled = gate.settle(outcomes)          # rewards, counts, log

A block that comes late may take the game back (`GateSettings.rewind_steps`): then `decide` puts
that environment back to the step that was meant, and answers with what to execute there instead.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from oversight.ledger import blame, counted, taken_back
from oversight.outcome import Outcome, Settled, step_info
from oversight.overseer import AllowAll, Overseer
from oversight.resolve import Ranking, Resolution, Resolver, check_decisions
from oversight.rewards import agent_reward
from oversight.rewind import EpisodeState, Mark, Moment, Played, Ring
from oversight.settings import GateSettings, Mode
from oversight.sink import NullSink, StepSink
from oversight.truth import TruthProbe
from oversight.types import Decision, Proposal, Screen, StepRecord, Tally, Verdict

__all__ = ["Gate", "Outcome", "Settled"]


@dataclass(frozen=True, slots=True)
class _Pending:
    moment: Moment
    decision: Decision
    resolution: Resolution
    proposed_unsafe: bool | None
    executed_unsafe: bool | None
    rewinds_to: int | None = None


class Gate:
    """Sends every proposed action past an overseer and settles what it brings about."""

    def __init__(
        self,
        overseer: Overseer,
        settings: GateSettings | None = None,
        *,
        n_actions: int,
        n_envs: int = 1,
        sink: StepSink | None = None,
        probes: Sequence[TruthProbe] | None = None,
        safe_twin: Sequence[int] | None = None,
        ranking: Ranking | None = None,
        marks: Sequence[Mark] | None = None,
        cuts: bool = False,
        phase: str = "oversight",
        catastrophe: str = "catastrophe",
        first_step_id: int = 0,
        first_episode: int = 0,
    ) -> None:
        """Build a gate.

        Args:
            overseer: who judges.
            settings: what a verdict brings about.
            n_actions: how many actions there are.
            n_envs: how many environments propose.
            sink: where every step goes.
            probes: the truth, one per environment; None where it is not known.
            safe_twin: for each action what the game has in its place when it is refused.
            ranking: the agent's own order of actions, for the mode `prune`.
            marks: one per environment, how to come back to its present moment; needed for
                `rewind_steps`.
            cuts: whether an overseer may cut an episode: what steps the environment has to
                look at `Settled.truncated` then.
            phase: name of the phase in the log.
            catastrophe: name of the catastrophe in the log.
            first_step_id: number of the first step; the log's next when a run goes on.
            first_episode: number of the first episode; likewise.
        """
        if probes is not None and len(probes) != n_envs:
            raise ValueError(f"expected {n_envs} probes, one an environment, got {len(probes)}")
        if safe_twin is not None and len(safe_twin) != n_actions:
            raise ValueError(f"expected a safe twin of {n_actions} actions, got {len(safe_twin)}")
        self.settings = settings or GateSettings()
        if self.settings.rewind_steps > 0 and (marks is None or len(marks) != n_envs):
            raise ValueError(
                f"expected {n_envs} marks, one an environment, to take back up to "
                f"{self.settings.rewind_steps} steps, got {0 if marks is None else len(marks)}"
            )
        self.tally = Tally()
        self._overseer: Overseer = AllowAll() if self.settings.mode is Mode.OFF else overseer
        self._resolver = Resolver(self._overseer, self.settings.mode, n_actions, safe_twin, ranking)
        self._n_actions = n_actions
        self._sink: StepSink = sink or NullSink()
        self._probes = probes
        self._cuts = cuts
        self._phase = phase
        self._catastrophe = catastrophe
        self._next_step_id = first_step_id
        self._next_episode = first_episode
        rewinds = self.settings.rewind_steps > 0 and self.settings.mode.blocks
        self._marks = marks if rewinds else None
        self._rings = [Ring(self.settings.rewind_steps if rewinds else 0) for _ in range(n_envs)]
        self._episodes: list[EpisodeState | None] = [None] * n_envs
        self._pending: list[_Pending] = []

    @property
    def next_episode(self) -> int:
        """Number of the episode that begins next."""
        return self._next_episode

    def begin_episode(
        self,
        screen: Screen,
        *,
        env_index: int = 0,
        seed: int | None = None,
        before: Screen | None = None,
    ) -> None:
        """An environment was reset; the next decision judges this screen. See `Outcome`."""
        history = self.settings.history
        self._episodes[env_index] = EpisodeState(
            self._next_episode, deque([screen] * history, maxlen=history), before=before
        )
        self._rings[env_index].clear()
        self._sink.begin_episode(
            self._next_episode, env_index=env_index, seed=seed, phase=self._phase
        )
        self._next_episode += 1
        self.tally = replace(self.tally, episodes=self.tally.episodes + 1)

    def decide(self, actions: Sequence[int], env_indices: Sequence[int] | None = None) -> list[int]:
        """Have proposed actions judged.

        Args:
            actions: one per environment that takes part.
            env_indices: which environments; all of them, in order, if not given.

        Returns:
            The actions to execute, in the same order.

        Raises:
            OverseerGone: nobody is there; nothing may be executed.
            InvalidDecision: the overseer's answer does not fit the question.
            ValueError: an action is none, or an environment takes part twice.
        """
        indices = range(len(self._episodes)) if env_indices is None else env_indices
        if len(indices) != len(actions) or len(set(indices)) != len(indices):
            raise ValueError(
                f"expected one action for each of the environments {list(indices)}, got "
                f"{len(actions)} actions"
            )
        proposals = [
            self._propose(self._next_step_id + position, env_index, action)
            for position, (env_index, action) in enumerate(zip(indices, actions, strict=True))
        ]
        moments = [self._moment(proposal) for proposal in proposals]
        try:
            pending = self._ask(moments)
        except BaseException:
            for moment in moments:  # nothing is executed, so nothing was taken back either
                moment.go_back()
            raise
        for one in pending:
            self._undo(one)
        self._pending = pending
        self._next_step_id += len(proposals)
        return [pending.resolution.executed for pending in self._pending]

    def settle(self, outcomes: Sequence[Outcome]) -> list[Settled]:
        """Account for what the executed actions brought about, in the order of `decide`."""
        pending, self._pending = self._pending, []
        return [self._settle(p, o) for p, o in zip(pending, outcomes, strict=True)]

    def _episode(self, env_index: int) -> EpisodeState:
        episode = self._episodes[env_index]
        if episode is None:
            raise RuntimeError(
                f"environment {env_index} proposes an action outside an episode: reset it first"
            )
        return episode

    def _propose(self, step_id: int, env_index: int, action: int) -> Proposal:
        if not 0 <= action < self._n_actions:
            raise ValueError(f"expected an action in [0, {self._n_actions}), got {action}")
        episode = self._episode(env_index)
        screens = np.stack(list(episode.screens))
        screens.flags.writeable = False
        return Proposal(
            step_id=step_id,
            env_index=env_index,
            episode=episode.number,
            step=episode.step,
            action=int(action),
            screens=screens,
            tally=self.tally,
            recorded_through=self._sink.recorded_through,
            last_executed=episode.last_executed,
            reach=self._rings[env_index].within_reach,
            before=episode.before,
        )

    def _moment(self, proposal: Proposal) -> Moment:
        episode = self._episode(proposal.env_index)
        if self._marks is None:
            return Moment(proposal, episode)
        return Moment(proposal, episode.copy(), self._marks[proposal.env_index]())

    def _ask(self, moments: Sequence[Moment]) -> list[_Pending]:
        """Review, once more where the overseer goes back first, and resolve."""
        places = list(moments)
        back: dict[int, int] = {}
        asked = list(range(len(places)))
        decided: dict[int, Decision] = {}
        while asked:
            proposals = [places[i].proposal for i in asked]
            decisions = self._overseer.review(proposals)
            check_decisions(proposals, decisions, self._n_actions)
            decided |= zip(asked, decisions, strict=True)
            back |= {i: to for i in asked if (to := decided[i].back_to) is not None}
            asked = [i for i in asked if decided[i].back_to is not None]
            for i in asked:
                places[i] = self._gone_back(moments[i], back[i]) or places[i]
        return [self._take(places[i], decided[i], back.get(i)) for i in range(len(places))]

    def _gone_back(self, here: Moment, step_id: int) -> Moment | None:
        there = self._rings[here.proposal.env_index].earlier(step_id, here.proposal)
        return None if there is None else replace(there, snapshot=there.go_back())

    def _take(self, here: Moment, decision: Decision, back_to: int | None) -> _Pending:
        """Resolve a decision where it belongs: here, or at the step it comes too late for."""
        meant = decision.meant_for
        there = None if meant is None else self._gone_back(here, meant)
        rewinds_to = back_to if there is None else meant
        return replace(self._resolve(there or here, decision), rewinds_to=rewinds_to)

    def _undo(self, one: _Pending) -> None:
        if one.rewinds_to is not None:
            index = one.moment.proposal.env_index
            self._rings[index].undo(one.rewinds_to)
            self._episodes[index] = one.moment.episode.copy()

    def _resolve(self, moment: Moment, decision: Decision) -> _Pending:
        proposal = moment.proposal
        resolution = self._resolver(proposal, decision)
        if self._probes is None:
            return _Pending(moment, decision, resolution, None, None)
        probe = self._probes[proposal.env_index]
        return _Pending(
            moment,
            decision,
            resolution,
            probe.unsafe(proposal.action),
            probe.unsafe(resolution.executed),
        )

    def _settle(self, pending: _Pending, outcome: Outcome) -> Settled:
        proposal, decision = pending.moment.proposal, pending.decision
        ring = self._rings[proposal.env_index]
        blocked = pending.resolution.executed != proposal.action
        unsafe = decision.verdict is Verdict.UNSAFE
        penalised = blocked or (unsafe and self.settings.mode is Mode.PENALTY_ONLY)
        record = StepRecord(
            proposal=proposal,
            decision=decision,
            executed=pending.resolution.executed,
            blocked=blocked,
            no_safe_action=pending.resolution.no_safe_action,
            phase=self._phase,
            game_reward=outcome.game_reward,
            agent_reward=agent_reward(outcome.reward, penalised=penalised, settings=self.settings),
            terminated=outcome.terminated,
            truncated=outcome.truncated or (self._cut(decision) and not outcome.terminated),
            proposed_unsafe=pending.proposed_unsafe,
            executed_unsafe=pending.executed_unsafe,
            undoes=tuple(undone.record.proposal.step_id for undone in ring.undone),
            snapshot=pending.moment.snapshot,
        )
        self._record(record, outcome.onsets)
        if ring.undone:
            self.tally = taken_back(self.tally, [(u.record, u.onsets) for u in ring.undone])
        if self._marks is not None:
            ring.keep(Played(pending.moment, record, outcome.onsets))
        episode = self._advance(record, outcome)
        info = step_info(record, outcome.onsets, episode.game_return)
        return Settled(record.agent_reward, info, record.truncated)

    def _cut(self, decision: Decision) -> bool:
        return self._cuts and decision.ends_episode

    def _record(self, record: StepRecord, onsets: int | None) -> None:
        step_id = record.proposal.step_id
        episode = self._episode(record.proposal.env_index)
        if record.executed_unsafe:
            episode.last_unsafe = step_id
        # What belongs to a step goes before it: once the step is on disk, all of it is.
        if record.decision.amends:
            self._sink.amend(record.decision.amends, record.decision.source)
        truth_known = record.executed_unsafe is not None
        for event in blame(
            onsets or 0, self._catastrophe, step_id, episode.last_unsafe, truth_known=truth_known
        ):
            self._sink.event(event)
        self._sink.append(record)
        self.tally = counted(self.tally, record, onsets)

    def _advance(self, record: StepRecord, outcome: Outcome) -> EpisodeState:
        index = record.proposal.env_index
        episode = self._episode(index)
        episode.advance(record, outcome.screen, outcome.before)
        if record.terminated or record.truncated:
            self._episodes[index] = None
        return episode
