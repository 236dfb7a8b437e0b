"""`python -m oversight`: what it prints, and one clear line for what cannot be."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from oversight import Amendment, Decision, Event, InterventionLog, Source, StepRecord, Verdict
from oversight.__main__ import main
from oversight.card import card_of
from oversight.classic import CLASSIC_GAMES
from oversight.game import Zone
from oversight.games import GAMES, PONG, game_named
from oversight.listing import measured, rates_of

Make = Callable[..., StepRecord]


def test_the_games_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["games"]) == 0
    printed = capsys.readouterr().out
    rates = measured()
    for name in (*GAMES, *CLASSIC_GAMES):
        assert name in printed
    assert f"{rates['pong'].guarded} in {rates['pong'].guarded_steps:,}" in printed
    assert main(["games", "--actions"]) == 0
    assert "RIGHTFIRE" in capsys.readouterr().out


def test_what_is_published_is_what_the_results_that_are_kept_say() -> None:
    place = Path(__file__).parents[2] / "tools" / "publish_rates.py"
    spec = importlib.util.spec_from_file_location("publish_rates", place)
    assert spec is not None
    assert spec.loader is not None
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    assert rates_of(tool.rows()) == measured()  # else: python tools/publish_rates.py
    assert tool.PAGE.read_text() == tool.page(tool.rows())


@pytest.fixture
def mixed_log(new_log: InterventionLog, record: Make) -> Path:
    """Two steps of a simulated person, one taken back, and two of a Blocker that knows truth."""
    for step_id in range(2):
        row = record(step_id)
        decision = Decision(step_id, Verdict.UNSAFE, Source.SIMULATED, attention_seconds=0.8)
        new_log.append(replace(row, decision=decision, blocked=True))
    new_log.amend([Amendment(0, Verdict.UNSURE, "undo")], Source.SIMULATED)
    new_log.event(Event("fall", 2, 2))
    for step_id in range(2, 4):
        new_log.append(replace(record(step_id), executed_unsafe=True, phase="blocker"))
    new_log.close()
    return new_log.path


def test_the_card_says_what_is_in_a_log(mixed_log: Path) -> None:
    card = card_of(mixed_log)
    assert (card.decisions, card.episodes, card.unsafe, card.blocks) == (4, 1, 1, 2)
    assert card.phases == {"oversight": 2, "blocker": 2}
    assert card.sources == {"simulated": 2, "blocker": 2}
    assert card.catastrophes == 1
    assert card.attention_seconds == pytest.approx(1.6)
    assert card.simulated


def test_attention_is_per_label_and_called_simulated(
    mixed_log: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["log", "info", str(mixed_log)]) == 0
    assert "0.80 s (simulated)" in capsys.readouterr().out  # not 0.40: a Blocker's take no one's


def test_what_was_not_measured_is_not_zero(
    new_log: InterventionLog, record: Make, capsys: pytest.CaptureFixture[str]
) -> None:
    new_log.append(record(0, Source.PERSON))
    new_log.close()
    assert card_of(new_log.path).catastrophes is None
    assert main(["log", "info", str(new_log.path)]) == 0
    assert "not known" in capsys.readouterr().out


def test_a_log_that_is_not_there_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["log", "info", str(tmp_path / "none.sqlite")]) != 0
    shown = capsys.readouterr()
    assert shown.err.startswith("error: ")
    assert shown.err.count("\n") == 1
    assert "no such log" in shown.err


# ------------------------------------------------------------------ the games as data


def test_a_game_that_nobody_knows() -> None:
    with pytest.raises(ValueError, match="unknown game 'chess': expected one of assault"):
        game_named("chess")


def test_a_game_says_something_of_each_of_its_actions() -> None:
    with pytest.raises(ValueError, match="pong: expected 6 entries of safe_twin, got 1"):
        replace(PONG, safe_twin=(2,))
    with pytest.raises(ValueError, match="pong: expected 6 entries of arrows, got 1"):
        replace(PONG, arrows=((0, 0),))
    with pytest.raises(ValueError, match=r"pong: expected actions in \[0, 6\), got 6"):
        replace(PONG, toward_harm=6)
    assert PONG.n_actions == 6
    assert PONG.zone == Zone(178, 193, 0, 159)
