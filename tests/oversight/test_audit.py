"""Auditing a log: the truth of each decision, found again, and what it is counted as."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from gymnasium.vector import SyncVectorEnv
from scipy.stats import binomtest

from oversight import (
    Amendment,
    Answering,
    AtariGame,
    AtariSettings,
    Decision,
    GateSettings,
    InterventionLog,
    LogError,
    LogMeta,
    OracleOverseer,
    Overseer,
    OversightVectorWrapper,
    OversightWrapper,
    ScriptedOverseer,
    SimulatedHuman,
    Source,
    StepRecord,
    Verdict,
    game_named,
    remote_of,
)
from oversight.__main__ import main
from oversight.audit import Audit, Basis, Counts, Outcome, audit_log
from oversight.audit.judged import Known, judged_rows
from oversight.bounds import interval, upper_bound
from oversight.log.chain import append_link, begin_chain
from oversight.log.database import connect
from oversight.log.history import read_history
from oversight.simulated import MODELS
from oversight.verification import verify_log

GAME = game_named("pong")
SETTINGS = AtariSettings(noop_max=12, max_agent_steps=90)
Oversee = Callable[[AtariGame], Overseer]
Make = Callable[..., StepRecord]


def meta_of(game: AtariGame) -> LogMeta:
    return LogMeta(
        game=GAME.name,
        actions=GAME.actions,
        screen_shape=(210, 160),
        screen_dtype="uint8",
        catastrophe=game.catastrophe_name,
        environment={"frameskip": GAME.frameskip, "noop_max": SETTINGS.noop_max, "sticky": 0.0},
    )


def play(path: Path, oversee: Oversee, steps: int = 300, *, rewind: int = 0) -> Path:
    """A log of held actions, down more often than up, in episodes that are cut."""
    game = AtariGame(GAME, SETTINGS)
    rng = np.random.default_rng(3)
    with InterventionLog.create(path, meta_of(game)) as log:
        env = OversightWrapper(
            game,
            oversee(game),
            GateSettings(rewind_steps=rewind),
            sink=log,
            episode_seed=lambda number: 40 + number,
        )
        env.reset()
        action = 0
        for step in range(steps):
            action = int(rng.choice([0, 2, 3, 3, 5])) if step % 12 == 0 else action
            _, _, ended, cut, _ = env.step(action)
            if ended or cut:
                env.reset()
    return path


def tired(game: AtariGame) -> Overseer:
    return SimulatedHuman([game.truth], np.random.default_rng(1), MODELS["tired"])


@pytest.fixture(scope="module")
def oracles(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An oracle's log; not to be changed."""
    path = tmp_path_factory.mktemp("oracle") / "log.sqlite"
    return play(path, lambda game: OracleOverseer([game.truth]))


@pytest.fixture(scope="module")
def audited(oracles: Path) -> Audit:
    return audit_log(oracles)


@pytest.fixture
def copy(oracles: Path, tmp_path: Path) -> Path:
    path = tmp_path / "copy.sqlite"
    path.write_bytes(oracles.read_bytes())
    return path


def change(path: Path, statement: str) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(statement)
    # Whoever can write the file can write its chain: the replay has to tell.
    engine = connect(path, read_only=False)
    with engine.connect() as raw:
        raw.exec_driver_sql("DELETE FROM chain")
        begin_chain(raw)
        append_link(raw, durable=True)
        raw.commit()
    engine.dispose()


def group(audit: Audit, kind: str, name: str) -> Counts:
    (counts,) = [c for c in audit.groups if (c.group, c.name) == (kind, name)]
    return counts


# ------------------------------------------------------------------------------- playing it again


def test_the_truth_that_is_found_again_is_the_one_that_was_known(
    oracles: Path, audited: Audit
) -> None:
    audit = audited
    with InterventionLog.open(oracles) as log:
        table = log.steps()
    assert audit.basis is Basis.REPLAY
    assert audit.definition == "bottom"
    assert audit.differing == 0
    assert [row.step_id for row in audit.rows] == table.step_id.tolist()
    assert [row.proposed_unsafe for row in audit.rows] == (table.proposed_unsafe == 1).tolist()
    assert [row.executed_unsafe for row in audit.rows] == (table.executed_unsafe == 1).tolist()
    assert group(audit, "all", "all").misses.events == 0
    assert group(audit, "all", "all").misses.trials > 20
    assert group(audit, "all", "all").false_alarms.events == 0


def test_a_log_without_any_truth_is_audited_all_the_same(copy: Path, audited: Audit) -> None:
    change(copy, "UPDATE decisions SET proposed_unsafe = NULL, executed_unsafe = NULL")
    audit = audit_log(copy)
    assert audit.groups == audited.groups
    assert audit.differing == 0
    with pytest.raises(LogError, match="holds no truth about its decisions"):
        audit_log(copy, basis=Basis.LOGGED)


def test_a_log_that_is_whole_is_verified(oracles: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = verify_log(oracles)
    assert found.decisions == found.screens >= 299
    assert found.episodes > 2
    assert main(["log", "verify", str(oracles)]) == 0
    assert f"{found.decisions}" in capsys.readouterr().out


def test_the_command_says_what_differs(copy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with InterventionLog.open(copy) as log:
        other = int(log.steps().frame[60])
    change(copy, f"UPDATE decisions SET frame = {other} WHERE step_id = 20")
    assert main(["log", "verify", str(copy)]) == 1
    assert "step 20 (step 20 of episode 0) shows another screen" in capsys.readouterr().err


def test_a_log_that_is_being_written_can_be_audited(tmp_path: Path, oracles: Path) -> None:
    game = AtariGame(GAME, SETTINGS)
    path = tmp_path / "log.sqlite"
    with InterventionLog.create(path, meta_of(game)) as log:
        env = OversightWrapper(game, OracleOverseer([game.truth]), sink=log)
        env.reset(seed=1)
        for _ in range(20):
            env.step(3)
        log.flush()
        assert len(audit_log(path).rows) == 20


def test_steps_that_were_taken_back_are_taken_back_again(tmp_path: Path) -> None:
    path = play(tmp_path / "log.sqlite", tired, 400, rewind=8)
    audit = audit_log(path)
    with InterventionLog.open(path) as log:
        rewinds = log.rewinds()
        standing = log.steps()
    assert len(rewinds) > 3
    assert verify_log(path).rewinds == len(rewinds)
    assert audit.differing == 0
    undone = {step for rewind in rewinds for step in rewind.undoes}
    assert {row.step_id for row in audit.rows if row.undone} == undone
    counts = group(audit, "all", "all")
    assert counts.decisions == len(audit.rows) - len(rewinds)
    late = {row.step_id for row in audit.rows if row.late and row.undone}
    assert late == {
        rewind.undoes[0]
        for rewind in rewinds
        if audit.rows[rewind.undoes[0]].outcome is Outcome.MISS
    }
    assert len(late) > 3
    assert counts.unsafe_executed == int((standing.executed_unsafe == 1).sum())


def test_episodes_of_many_environments_are_played_again(tmp_path: Path) -> None:
    settings = AtariSettings(noop_max=12, max_agent_steps=20)
    envs = SyncVectorEnv([lambda: Answering(AtariGame(GAME, settings))] * 2)
    remote = remote_of(envs)
    path = tmp_path / "log.sqlite"
    with InterventionLog.create(path, meta_of(AtariGame(GAME))) as log:
        env = OversightVectorWrapper(
            envs, OracleOverseer(remote.probes or ()), remote=remote, sink=log
        )
        env.reset(seed=5)
        for _ in range(60):
            env.step(np.array([3, 0]))
    audit = audit_log(path)
    assert audit.differing == 0
    assert len({row.episode for row in audit.rows}) == 6
    assert len(audit.rows) == 2 * 58


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        (
            "UPDATE decisions SET executed = 5 WHERE step_id = 7",
            r"step \d+ \(step \d+ of episode 0\) shows another screen when it is played again",
        ),
        (
            """UPDATE run SET value = '{"noop_max": 30, "frameskip": 4}'
               WHERE key = 'environment'""",
            r"of episode 0\) shows another screen .*ale-py .* then, .* now",
        ),
        ("UPDATE episodes SET seed = 7 WHERE episode = 2", r"of episode 2\) shows another screen"),
        ("DELETE FROM decisions WHERE step_id = 9", r"step 10 .* steps are missing"),
        (
            "UPDATE decisions SET game_reward = 2 WHERE step_id = 50",
            r"step 50 .* scores -?\d and not 2 when",
        ),
        (
            "UPDATE decisions SET terminated = 1 WHERE step_id = 89",
            r"step 89 .* does not end the game when",
        ),
    ],
    ids=["action", "settings", "seed", "gap", "score", "end"],
)
def test_another_game_is_told_at_its_first_step(copy: Path, statement: str, message: str) -> None:
    change(copy, statement)
    with pytest.raises(LogError, match=message):
        audit_log(copy)
    with pytest.raises(LogError, match=message):
        verify_log(copy)
    assert len(audit_log(copy, basis=Basis.LOGGED).rows) >= 299


def test_a_truth_that_changed_is_told(copy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    change(copy, "UPDATE decisions SET proposed_unsafe = 1 - proposed_unsafe WHERE step_id < 3")
    assert audit_log(copy).differing == 3
    assert main(["log", "audit", str(copy)]) == 0
    assert "holds another truth about 3" in " ".join(capsys.readouterr().out.split())


# --------------------------------------------------------------------------------- the counts


def test_who_blocks_nothing_misses_everything_and_who_blocks_all_alarms(tmp_path: Path) -> None:
    never = play(tmp_path / "never", lambda _g: ScriptedOverseer(lambda _p: False), 150)
    always = play(tmp_path / "always", lambda _g: ScriptedOverseer(lambda _p: True), 150)
    counts = group(audit_log(never), "all", "all")
    assert counts.misses.events == counts.misses.trials > 10
    assert counts.missed_moments.events == counts.missed_moments.trials > 0
    assert counts.unsafe_executed == counts.misses.events
    assert counts.false_alarms.events == 0
    audit = audit_log(always)
    counts = group(audit, "all", "all")
    assert counts.misses.events == 0
    assert counts.false_alarms.events == counts.false_alarms.trials > 100
    # A proposal of RIGHT is refused and executed all the same: nothing else is allowed either.
    assert counts.effective_false_alarms == sum(row.proposed != row.executed for row in audit.rows)


def test_situations_are_the_games_own(audited: Audit) -> None:
    audit = audited
    names = [counts.name for counts in audit.groups if counts.group == "situation"]
    assert names[:2] == ["8 to 15 rows above", "16 to 23 rows above"]
    assert "far above" in names
    assert group(audit, "situation", "far above").misses.trials == 0
    assert sum(c.decisions for c in audit.groups if c.group == "situation") == 300


def test_another_wording_is_another_truth(oracles: Path, audited: Audit) -> None:
    bottom, margin = audited, audit_log(oracles, definition="margin")
    assert margin.differing is None
    assert margin.definition == "margin"
    # Who knows the exact truth blocks later than by that rule, so by it misses some.
    assert group(margin, "all", "all").misses.events > 0
    assert group(bottom, "all", "all").misses.events == 0
    with pytest.raises(LogError, match="unknown catastrophe 'nine' of pong: expected one of"):
        audit_log(oracles, definition="nine")


@pytest.fixture
def judge(new_log: InterventionLog, record: Make) -> Callable[..., list[tuple[Outcome, bool]]]:
    """Outcomes and lateness of verdicts and truths: a letter a step, unsafe, safe, ? unknown."""

    def made(verdicts: str, truths: str) -> list[tuple[Outcome, bool]]:
        for step, letter in enumerate(verdicts):
            verdict = Verdict.UNSAFE if letter == "u" else Verdict.SAFE
            new_log.append(record(step, Source.PERSON, verdict))
        history = read_history(new_log.path)
        known = [None if t == "?" else Known(t == "u", False) for t in truths]
        rows = judged_rows(new_log.steps(), history, [], known)
        return [(row.outcome, row.late) for row in rows]

    return made


def test_an_alarm_soon_after_a_miss_is_its_late_answer(judge: Callable[..., object]) -> None:
    miss, alarm, fine = Outcome.MISS, Outcome.FALSE_ALARM, Outcome.LET_PASS
    assert judge("sssuus", "ussssu") == [
        (miss, True),
        (fine, False),
        (fine, False),
        (alarm, True),
        (alarm, False),  # one answer to one miss
        (miss, False),
    ]


def test_an_alarm_long_after_a_miss_is_none(judge: Callable[..., object]) -> None:
    outcomes = judge("sssssu", "usssss")
    assert outcomes == [
        (Outcome.MISS, False),
        *[(Outcome.LET_PASS, False)] * 4,
        (Outcome.FALSE_ALARM, False),
    ]


def test_what_is_not_known_is_left_out(judge: Callable[..., object]) -> None:
    assert judge("su", "?u") == [(Outcome.CAUGHT, False)]


def test_the_first_word_counts_and_later_ones_are_told(
    new_log: InterventionLog, record: Make
) -> None:
    for step in range(3):
        row = replace(record(step), proposed_unsafe=step == 0, executed_unsafe=False)
        decision = Decision(
            step,
            Verdict.UNSAFE,
            Source.PERSON,
            reaction_seconds=0.2 * (step + 1),
            attention_seconds=30.0,
        )
        new_log.append(replace(row, decision=decision))
    new_log.amend([Amendment(1, Verdict.UNSURE, "undo")], Source.PERSON)
    audit = audit_log(new_log.path)
    assert audit.basis is Basis.LOGGED
    assert audit.note == "toy is no Atari game that this program knows"
    counts = group(audit, "overseer", "person")
    assert (counts.misses.events, counts.misses.trials) == (0, 1)
    assert (counts.false_alarms.events, counts.false_alarms.trials) == (2, 2)
    assert counts.effective_false_alarms == 0
    assert counts.relabelled == 1
    assert counts.attention_seconds == 90.0
    assert counts.reaction_median == pytest.approx(0.4)
    assert not counts.simulated


def test_bounds_are_the_exact_ones() -> None:
    for events, trials in ((0, 10), (3, 91), (10, 2_909), (10, 10)):
        exact = binomtest(events, trials).proportion_ci()
        assert interval(events, trials) == pytest.approx((exact.low, exact.high), abs=1e-9)
        one_sided = binomtest(events, trials, alternative="less").proportion_ci()
        assert upper_bound(events, trials) == pytest.approx(one_sided.high)
    assert interval(0, 0) == (0.0, 1.0)


# -------------------------------------------------------------------------------- the command


def test_the_command_prints_and_writes_what_was_found(
    oracles: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    out = tmp_path / "audit.json"
    assert main(["log", "audit", str(oracles), "--json", str(out)]) == 0
    shown = capsys.readouterr().out
    assert "catastrophe 'bottom'" in shown
    assert "8 to 15 rows above" in shown
    assert max(map(len, shown.splitlines())) <= 80 or "/" in shown.splitlines()[0]
    found = json.loads(out.read_text())
    assert found["schema_version"] == 1
    assert found["truth"] == "replay"
    assert len(found["rows"]) == 300
    everything = found["groups"][0]
    assert everything["name"] == "all"
    unsafe = sum(row["proposed_unsafe"] for row in found["rows"])
    assert everything["misses"]["trials"] == unsafe
    assert {row["outcome"] for row in found["rows"]} == {"caught", "let pass"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["audit", "LOG", "--rule", "nine"], "unknown catastrophe 'nine'"),
        (["audit", "LOG", "--rule", "top", "--truth", "logged"], "expected no --rule"),
        (["audit", "LOG", "--json", "nowhere/x.json"], "nowhere is not a directory"),
        (["audit", "nothing.sqlite"], "no such log"),
    ],
)
def test_what_cannot_be_done_is_one_line(
    oracles: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    assert main(["log", *(str(oracles) if a == "LOG" else a for a in arguments)]) == 2
    shown = capsys.readouterr()
    assert shown.err.startswith("error: ")
    assert shown.err.count("\n") == 1
    assert message in shown.err
    assert shown.out == ""


def test_a_log_that_cannot_be_played_again_says_why(
    copy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    change(copy, "UPDATE episodes SET seed = NULL WHERE episode = 0")
    assert main(["log", "audit", str(copy)]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert "by the truth in the log" in shown
    assert "was not played again: 1 of its 4 episodes have no seed" in shown
    assert main(["log", "audit", str(copy), "--truth", "replay"]) == 2
    assert "cannot be played again: 1 of its 4 episodes" in capsys.readouterr().err


def test_an_empty_log_is_one_line(new_log: InterventionLog) -> None:
    with pytest.raises(LogError, match="holds no decisions"):
        audit_log(new_log.path)
