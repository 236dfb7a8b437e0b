"""What a log keeps beside screens: the frame before each, and the states that rewinds went to."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from oversight import (
    AtariGame,
    AtariSettings,
    Decision,
    GateSettings,
    InterventionLog,
    LogCorrupted,
    LogMeta,
    OversightWrapper,
    Proposal,
    Source,
    StepRecord,
    Verdict,
    game_named,
)
from oversight.emulator import AleEmulator
from oversight.errors import ReplayDiffers
from oversight.exchange import from_minari, from_parquet, to_minari, to_parquet
from oversight.log import UNKNOWN
from oversight.log.checking import check_log
from oversight.log.copying import merge_logs, salvage_log
from oversight.log.keeping import Keep
from oversight.verification import verify_log

STEPS = 240
Make = Callable[..., StepRecord]


class Forgetful(AtariGame):
    """Says that the frame before the screen was the screen itself."""

    def screen_before(self) -> NDArray[np.uint8]:
        return self.screen()


class Late:
    """Every twelfth step blocks what was proposed three steps before, with NOOP."""

    def review(self, proposals: Sequence[Proposal]) -> list[Decision]:
        (proposal,) = proposals
        step_id = proposal.step_id
        if step_id % 12 == 11 and step_id - 3 in proposal.reach:
            unsafe = Verdict.UNSAFE
            return [Decision(step_id, unsafe, Source.SCRIPT, 0, meant_for=step_id - 3)]
        return [Decision(step_id, Verdict.SAFE, Source.SCRIPT)]


def play(path: Path, game: AtariGame, *, steps: int = STEPS, keep: Keep = Keep.ALL) -> Path:
    """Held random Pong, both frames kept, before an overseer who is late."""
    rng = np.random.default_rng(5)
    settings = {"frameskip": game.game.frameskip, "noop_max": 30, "sticky": 0.0}
    meta = LogMeta(
        "pong", game.game.actions, (210, 160), "uint8", game.catastrophe_name, environment=settings
    )
    with InterventionLog.create(path, meta) as log:
        log.keeper.two_frames = True
        log.keeper.phases["oversight"] = keep
        env = OversightWrapper(
            game,
            Late(),
            GateSettings(rewind_steps=8),
            sink=log,
            episode_seed=lambda episode: episode,
        )
        env.reset()
        for step in range(steps):
            if step % 20 == 0:
                action = int(rng.integers(1, 6))
            *_, ended, cut, _ = env.step(action)
            if ended or cut:
                env.reset()
    return path


def pong(kind: type[AtariGame] = AtariGame) -> AtariGame:
    return kind(game_named("pong"), AtariSettings(max_agent_steps=80))


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return play(tmp_path_factory.mktemp("played") / "log.sqlite", pong())


def test_every_rewind_has_the_state_that_it_went_back_to_and_no_other_step_has(
    played: Path,
) -> None:
    with InterventionLog.open(played) as log:
        redone = {rewind.step_id for rewind in log.rewinds()}
        assert len(redone) > 10
        for step_id in log.steps(undone=True).step_id.tolist():
            if step_id in redone:
                assert log.snapshot(step_id).kind == "ale"
            else:
                with pytest.raises(KeyError, match="no snapshot"):
                    log.snapshot(step_id)
    with closing(sqlite3.connect(played)) as raw:
        assert raw.execute("SELECT count(*) FROM snapshots").fetchone() == (len(redone),)


def test_from_a_logged_state_the_game_goes_on_as_it_went_on_then(played: Path) -> None:
    emulator = AleEmulator(game_named("pong"))  # that has played nothing of it
    compared = 0
    with InterventionLog.open(played) as log:
        table = log.steps(undone=True)
        ends = {rewind.step_id for rewind in log.rewinds()}
        for start in sorted(ends):
            emulator.restore(emulator.read(log.snapshot(start).data))
            step_id = start
            while True:
                score = 0.0
                for _ in range(4):
                    before = emulator.screen()
                    score += emulator.act(int(table.executed[step_id]))
                assert score == table.game_reward[step_id]
                step_id += 1
                over = step_id == len(table) or table.episode[step_id] != table.episode[start]
                if over or step_id in ends:
                    break
                keys = np.array([table.frame_before[step_id], table.frame[step_id]])
                assert np.array_equal(log.frames(keys)[1], emulator.screen())
                assert np.array_equal(log.frames(keys)[0], before)
                compared += not np.array_equal(before, emulator.screen())
    assert compared > 50


def test_both_frames_of_a_step_are_the_ones_that_the_game_showed(played: Path) -> None:
    game = pong()
    with InterventionLog.open(played) as log:
        table = log.steps(undone=True)
        first = np.flatnonzero(table.episode == 0)
        jump = int(np.flatnonzero(np.diff(table.step[first]) != 1)[0])  # up to the first rewind
        game.reset(seed=0)
        for row in first[: jump + 1].tolist():
            before, last = log.frames(np.array([table.frame_before[row], table.frame[row]]))
            assert np.array_equal(before, game.screen_before())
            assert np.array_equal(last, game.screen())
            game.step(int(table.executed[row]))


def contents(path: Path) -> tuple[NDArray[np.generic], list[bytes]]:
    """Frames before the screens, and snapshots; of the steps and rewinds of a log."""
    with InterventionLog.open(path) as log:
        table = log.steps()
        rewinds = log.rewinds()
        return log.frames(table.frame_before), [log.snapshot(r.step_id).data for r in rewinds]


def test_copies_keep_both(played: Path, tmp_path: Path) -> None:
    frames, states = contents(played)
    salvage_log(played, tmp_path / "salvaged.sqlite")
    to_parquet(played, tmp_path / "parquet")
    from_parquet(tmp_path / "parquet", tmp_path / "imported.sqlite")
    for name in ("salvaged.sqlite", "imported.sqlite"):
        copied, again = contents(tmp_path / name)
        assert np.array_equal(copied, frames)
        assert again == states
        assert check_log(tmp_path / name).sound
    merge_logs([played, tmp_path / "imported.sqlite"], tmp_path / "merged.sqlite")
    both, merged = contents(tmp_path / "merged.sqlite")
    assert np.array_equal(both, np.concatenate([frames, frames]))
    assert merged == states + states
    assert verify_log(tmp_path / "merged.sqlite").rewinds == 2 * len(states)


def test_minari_carries_the_frames_before(played: Path, tmp_path: Path) -> None:
    to_minari(played, tmp_path / "pong")
    from_minari(tmp_path / "pong", tmp_path / "back.sqlite")
    with (
        InterventionLog.open(tmp_path / "back.sqlite") as back,
        InterventionLog.open(played) as log,
    ):
        for column in ("frame", "frame_before"):
            ours, theirs = getattr(log.steps(), column), getattr(back.steps(), column)
            assert np.array_equal(log.frames(ours), back.frames(theirs))


def test_a_frame_before_that_was_not_shown_is_found_when_it_is_played_again(
    tmp_path: Path,
) -> None:
    path = play(tmp_path / "log.sqlite", pong(Forgetful), steps=60)
    with pytest.raises(ReplayDiffers, match="shows another frame before its screen"):
        verify_log(path)


@pytest.mark.parametrize(
    "change",
    ["UPDATE snapshots SET data = zeroblob(9)", "UPDATE decisions SET frame_before = frame"],
)
def test_a_changed_state_or_frame_is_noticed(played: Path, tmp_path: Path, change: str) -> None:
    path = tmp_path / "changed.sqlite"
    salvage_log(played, path)
    with closing(sqlite3.connect(path)) as raw:
        raw.execute(change)
        raw.commit()
    assert not check_log(path).sound
    with InterventionLog.open(path) as log:
        step_id = log.rewinds()[0].step_id
        if "snapshots" in change:
            with pytest.raises(LogCorrupted):
                log.snapshot(step_id)


def test_where_no_screen_is_kept_no_frame_before_it_is(tmp_path: Path) -> None:
    path = play(tmp_path / "log.sqlite", pong(), steps=30, keep=Keep.NONE)
    with InterventionLog.open(path) as log:
        assert set(log.steps().frame_before.tolist()) == {UNKNOWN}


def test_without_being_asked_a_log_keeps_one_frame_and_of_what_has_no_state_none(
    new_log: InterventionLog, record: Make
) -> None:
    for step_id in range(3):
        new_log.append(record(step_id))
    assert new_log.steps().frame_before.tolist() == [UNKNOWN] * 3
    with pytest.raises(KeyError, match="no snapshot 2"):
        new_log.snapshot(2)
