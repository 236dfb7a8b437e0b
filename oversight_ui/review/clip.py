"""Cuts clips: MP4 or GIF, with the overlays that the review window draws."""

from __future__ import annotations

import contextlib
from collections.abc import Generator, Iterable
from pathlib import Path

import imageio_ffmpeg
import numpy as np
from numpy.typing import NDArray

from oversight.errors import OversightError

__all__ = ["KINDS", "write_clip"]

KINDS = (".mp4", ".gif")
"""Endings of the files that can be written."""
PALETTE = "[0:v] split [a][b]; [a] palettegen=stats_mode=diff [p]; [b][p] paletteuse"
"""ffmpeg's filter for a GIF with colours of its own."""

Writer = Generator[None, NDArray[np.uint8] | None, None]


def write_clip(path: Path, frames: Iterable[NDArray[np.uint8]], rate: float) -> int:
    """Write frames to a file; all of it or nothing.

    Args:
        path: ends in ".mp4" or ".gif".
        frames: uint8 (h, w, 3), even sizes, all alike; at least one.
        rate: frames a second.

    Returns:
        How many were written.

    Raises:
        OversightError: another ending, no frames, or the file cannot be written.
    """
    if path.suffix not in KINDS:
        raise OversightError(f"{path}: expected a name that ends in {' or '.join(KINDS)}")
    if not path.parent.is_dir():
        raise OversightError(f"{path.parent} is not a directory: make it first")
    draft = path.with_name(f"{path.stem}-new{path.suffix}")
    try:
        count = _write(draft, frames, rate)
        draft.replace(path)
    except OSError as error:
        raise OversightError(f"{path} cannot be written: {error}") from None
    finally:
        with contextlib.suppress(OSError):
            draft.unlink(missing_ok=True)
    return count


def _write(path: Path, frames: Iterable[NDArray[np.uint8]], rate: float) -> int:
    writer: Writer | None = None
    count = 0
    try:
        for frame in frames:
            if writer is None:
                writer = _writer(path, frame.shape[1], frame.shape[0], rate)
                writer.send(None)
            writer.send(np.ascontiguousarray(frame))
            count += 1
    finally:
        if writer is not None:
            writer.close()
    if count == 0:
        raise OversightError("no steps to make a clip of")
    return count


def _writer(path: Path, width: int, height: int, rate: float) -> Writer:
    size = (width, height)
    if path.suffix == ".gif":
        made: Writer = imageio_ffmpeg.write_frames(
            str(path),
            size,
            fps=rate,
            codec="gif",
            ffmpeg_log_level="error",  # of colours that it merges
            pix_fmt_out="pal8",
            output_params=["-filter_complex", PALETTE],
        )
        return made
    video: Writer = imageio_ffmpeg.write_frames(
        str(path), size, fps=rate, quality=7, macro_block_size=2
    )
    return video
