import pytest

from oversight.terminal import open_console


def test_a_pipe_is_wide_unless_columns_are_set(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    assert open_console().width == 160
    open_console().print("word " * 25)
    assert len(capsys.readouterr().out.rstrip("\n").split("\n")) == 1
    monkeypatch.setenv("COLUMNS", "90")
    assert open_console().width == 90
