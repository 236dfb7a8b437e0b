"""Shared by all tests: a screen of our own."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator

import pytest

TOOLS = ("Xvfb", "xdotool")
MISSING = [tool for tool in TOOLS if shutil.which(tool) is None]


@pytest.fixture
def display(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """An X server of our own on a free display."""
    if MISSING:
        problem = f"missing: {', '.join(MISSING)}"
        pytest.fail(problem) if os.environ.get("CI") else pytest.skip(problem)
    read, write = os.pipe()
    arguments = ["-displayfd", str(write), "-screen", "0", "1280x720x24", "-nolisten", "tcp"]
    with subprocess.Popen(
        ["Xvfb", *arguments], pass_fds=(write,), stderr=subprocess.DEVNULL
    ) as server:
        os.close(write)
        with os.fdopen(read) as pipe:
            name = f":{pipe.readline().strip()}"
        monkeypatch.setenv("DISPLAY", name)
        for other in ("WAYLAND_DISPLAY", "SDL_VIDEODRIVER"):
            monkeypatch.delenv(other, raising=False)
        yield name
        server.terminate()
