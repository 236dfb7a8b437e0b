"""The overseer's settings file: what it may say, and one line for what it may not."""

from __future__ import annotations

from pathlib import Path

import pytest

from oversight.errors import LinkError
from oversight.games import PONG
from oversight_ui.__main__ import main
from oversight_ui.keymap import DEFAULT_KEYS, STICK, Command, KeyMap, choice
from oversight_ui.preferences import Preferences, default_path, read_preferences, written
from oversight_ui.review.keys import Action
from oversight_ui.review.keys import Command as Review
from oversight_ui.review.tape import Mark
from oversight_ui.state import Way


def file(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "window.toml"
    path.write_text(text)
    return path


def test_without_a_file_the_defaults_hold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert default_path() == tmp_path / "hirl" / "window.toml"
    assert read_preferences() == Preferences()


def test_what_it_says_holds_and_the_rest_stays(tmp_path: Path) -> None:
    text = """
pace = 2
way = "assisted"
late_steps = 5
text_size = 1.5
sounds = true
screenshots = "/tmp/x"
[keys]
block = ["b", "pad 3"]
undo = "z"
"""
    found = read_preferences(file(tmp_path, text))
    assert (found.session.pace, found.session.way) == (2.0, Way.ASSISTED)
    assert (found.session.late_steps, found.session.idle_seconds) == (5, 20.0)
    assert (found.text_size, found.sounds, found.full_screen) == (1.5, True, False)
    assert found.screenshots == Path("/tmp/x")
    keys = found.keys
    assert keys.command(["b"]) is keys.command(["pad 3"]) is Command.BLOCK
    assert keys.command(["space"]) is None  # given up by naming others
    assert keys.command(["z"]) is Command.UNDO
    assert keys.command(["p"]) is Command.PAUSE


def test_the_reviews_keys_can_be_others_too(tmp_path: Path) -> None:
    text = '[review_keys]\nsafe = "a"\nnext_block = ["shift q", "b"]\nplay = "k"\n'
    keys = read_preferences(file(tmp_path, text)).review_keys
    assert keys.command(["a"]) == Review(Action.SAFE)
    assert keys.command(["1"]) is None  # given up by naming another
    assert keys.command(["shift q"]) == keys.command(["b"]) == Review(Action.NEXT_JUMP, Mark.BLOCK)
    assert keys.command(["k"]) == Review(Action.PLAY)  # and no longer another overseer's
    assert keys.command(["2"]) == Review(Action.UNSAFE)
    assert keys.label(Review(Action.SAFE)) == "A"
    assert keys.label(Review(Action.NEXT_JUMP, Mark.BLOCK)) == "SHIFT Q"
    assert keys.label(Review(Action.PAIR_SECOND)) == "-"


def test_what_is_printed_can_be_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    usual = Preferences()
    assert read_preferences(file(tmp_path, written(usual))) == usual
    assert main(["settings", "--settings", str(tmp_path / "window.toml")]) == 0
    assert capsys.readouterr().out == written(usual)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("pace = 5", "expected a pace among"),
        ("pase = 4", "unknown setting 'pase'"),
        ("sounds = 1", "expected sounds to be like False"),
        ("text_size = 3.0", r"text size in \[1, 2\]"),
        ("way = 'fast'", "fast"),
        ("keys = 3", "to be a table"),
        ("[keys]\nblok = 'b'", "unknown command 'blok'"),
        ("[keys]\nblock = 'b'\nundo = 'b'", "given to two commands"),
        ("[keys]\nblock = []", "expected a key for block"),
        ("[keys]\nblock = [1]", "expected names of keys"),
        ("review_keys = 3", "to be a table"),
        ("[review_keys]\nsave = 'b'", "unknown command 'save'"),
        ("[review_keys]\nsafe = 'b'\nundo = 'B'", "given to two commands"),
        ("[review_keys]\nsafe = [1]", "expected names of keys"),
        ("[review_keys]\nquit = []", "expected a key for quit"),
        ("[review_keys]\nsafe = 'q'", "expected a key for quit"),
        ("pace", "settings"),
    ],
)
def test_mistakes_are_told_in_one_line(tmp_path: Path, text: str, complaint: str) -> None:
    with pytest.raises(LinkError, match=complaint) as caught:
        read_preferences(file(tmp_path, text))
    assert "\n" not in str(caught.value).replace("\n", "", 0) or text == "pace"


def test_a_named_file_has_to_be_there(tmp_path: Path) -> None:
    with pytest.raises(LinkError, match=r"none\.toml"):
        read_preferences(tmp_path / "none.toml")


def test_every_command_has_a_key_and_every_key_one_command() -> None:
    assert KeyMap().label(Command.BLOCK) == "SPACE"
    assert set(DEFAULT_KEYS.values()) == set(Command)


@pytest.mark.parametrize(
    ("command", "fire", "name"),
    [
        (Command.CHOOSE_UP, False, "RIGHT"),  # Pong's paddle goes up by RIGHT
        (Command.CHOOSE_DOWN, False, "LEFT"),
        (Command.CHOOSE_UP, True, "RIGHTFIRE"),
        (Command.CHOOSE_FIRE, False, "FIRE"),
        (Command.CHOOSE_NOTHING, False, "NOOP"),
        (Command.CHOOSE_LEFT, False, None),
    ],
)
def test_arrows_name_actions_by_where_they_lead(
    command: Command, fire: bool, name: str | None
) -> None:
    found = choice(PONG, command, with_fire=fire)
    assert (None if found is None else PONG.actions[found]) == name
    assert command in STICK
