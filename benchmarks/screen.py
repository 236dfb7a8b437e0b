"""A screen of its own for measurements with the real window: pixels out, keys in."""

from __future__ import annotations

import mmap
import os
import shutil
import struct
import subprocess
import tempfile
import time
from pathlib import Path
from types import TracebackType

import numpy as np
from numpy.typing import NDArray

__all__ = ["Screen"]


class Screen:
    """An Xvfb whose pixels are read from its memory and whose keys are pressed by one xdotool.

    Example:
        >>> with Screen(1280, 720) as screen:
        ...     screen.press("space")
    """

    def __init__(self, width: int = 1280, height: int = 720) -> None:
        """Start the server; needs the programs Xvfb and xdotool."""
        for program in ("Xvfb", "xdotool"):
            if shutil.which(program) is None:
                raise SystemExit(f"error: {program} is needed: apt-get install xvfb xdotool")
        self._folder = Path(tempfile.mkdtemp(prefix="hirl-screen-"))
        reader, writer = os.pipe()
        size = f"{width}x{height}x24"
        self._server = subprocess.Popen(
            ["Xvfb", "-displayfd", str(writer), "-screen", "0", size, "-fbdir", self._folder],
            pass_fds=[writer],
            stderr=subprocess.DEVNULL,
        )
        os.close(writer)
        with os.fdopen(reader) as told:
            self.display = f":{told.readline().strip()}"
        self._before = os.environ.get("DISPLAY")
        os.environ["DISPLAY"] = self.display
        with (self._folder / "Xvfb_screen0").open("rb") as file:
            self._map = mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ)
        header = struct.unpack(">25I", self._map[:100])
        colours, self._row = header[19], header[12]
        self._offset = header[0] + colours * 12
        self._shape = (height, width)
        self._keys = subprocess.Popen(["xdotool", "-"], stdin=subprocess.PIPE, text=True)

    def pixels(self) -> NDArray[np.uint8]:
        """What is on the screen now: a copy, uint8 (height, width, 3), red first."""
        height, width = self._shape
        raw = np.frombuffer(self._map, np.uint8, height * self._row, self._offset)
        rows = raw.reshape(height, self._row // 4, 4)[:, :width]
        return rows[:, :, 2::-1].copy()

    def press(self, key: str) -> float:
        """Press a key as a keyboard would; returns when, by `time.monotonic`."""
        assert self._keys.stdin is not None
        now = time.monotonic()
        self._keys.stdin.write(f"key {key}\n")
        self._keys.stdin.flush()
        return now

    def focus(self, name: str = "hirl") -> None:
        """Give the keyboard to a window by its class."""
        search = ["xdotool", "search", "--sync", "--class", name]
        found = subprocess.run(search, check=True, capture_output=True, text=True, timeout=60)
        window = found.stdout.split()[0]
        subprocess.run(["xdotool", "windowfocus", window], check=True, timeout=60)
        time.sleep(0.5)

    def close(self) -> None:
        """End it."""
        if self._keys.stdin is not None:
            self._keys.stdin.close()
        self._keys.wait(5)
        self._server.terminate()
        self._server.wait(5)
        shutil.rmtree(self._folder, ignore_errors=True)
        if self._before is None:
            os.environ.pop("DISPLAY", None)
        else:
            os.environ["DISPLAY"] = self._before

    def __enter__(self) -> Screen:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
