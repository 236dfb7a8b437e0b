"""`blocks.mp4`: stretches of a run in which a person can see proposals being blocked."""

from __future__ import annotations

from pathlib import Path

import cv2
import imageio_ffmpeg
import numpy as np
from numpy.typing import NDArray

from oversight import Game, InterventionLog, StepTable, to_rgb
from oversight.log import UNKNOWN

__all__ = ["busiest", "draw_step", "write_video"]

SCALE = 3
PANEL = 320
"""Pixels of the panel beside the game; frame sizes stay multiples of 16 for the codec."""
HEIGHT, WIDTH = 210 * SCALE + 10, 160 * SCALE + PANEL
STEPS_PER_SECOND = 12
HOLD = 6
"""A blocked step is shown this many times as long."""
CLIP_STEPS = 150
WHITE, GREY, RED, GREEN = (240, 240, 240), (150, 150, 150), (235, 80, 70), (90, 200, 120)

Picture = NDArray[np.uint8]


def write_video(path: Path, log: InterventionLog, game: Game, phases: tuple[str, ...]) -> int:
    """Write the stretch of each phase with the most blocks; returns the number of blocks shown."""
    shown = 0
    writer = imageio_ffmpeg.write_frames(
        str(path), (WIDTH, HEIGHT), fps=STEPS_PER_SECOND, quality=7, macro_block_size=2
    )
    writer.send(None)
    try:
        for phase in phases:
            table = log.steps([phase])
            clip = table.where(busiest(table))
            for row in range(len(clip)):
                picture = draw_step(log, game, clip, row)
                for _ in range(HOLD if clip.blocked[row] else 1):
                    writer.send(picture)
            shown += int(clip.blocked.sum())
    finally:
        writer.close()
    return shown


def busiest(table: StepTable, steps: int = CLIP_STEPS) -> NDArray[np.int64]:
    """Row numbers of the stretch with the most blocks among those with frames."""
    usable = table.blocked & (table.frame != UNKNOWN)
    length = min(steps, len(table))
    if length == 0:
        return np.arange(0)
    sums = np.convolve(usable.astype(np.int64), np.ones(length, np.int64), mode="valid")
    start = int(sums.argmax())
    return np.arange(start, start + length)


def draw_step(log: InterventionLog, game: Game, table: StepTable, row: int) -> Picture:
    """One step: the screen, what was proposed, what was executed; uint8 (HEIGHT, WIDTH, 3)."""
    picture = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    rgb = to_rgb(log.frames(table.frame[[row]])[0].astype(np.uint8))
    field = rgb.repeat(SCALE, axis=0).repeat(SCALE, axis=1)
    _draw_zone(field, game)
    picture[5 : 5 + field.shape[0], : field.shape[1]] = field
    blocked = bool(table.blocked[row])
    colour = RED if blocked else GREEN
    if blocked:
        cv2.rectangle(picture, (2, 2), (160 * SCALE - 3, HEIGHT - 3), RED, 5)
    left = 160 * SCALE + 20
    words = (
        (f"{game.title}, {table.phase[row]} phase", GREY, 0.6, 40),
        (f"step {table.step_id[row]:,}", GREY, 0.6, 70),
        ("proposed", GREY, 0.6, 150),
        (game.actions[table.proposed[row]], WHITE, 1.1, 190),
        ("BLOCKED" if blocked else "allowed", colour, 1.1, 270),
        ("executed", GREY, 0.6, 340),
        (game.actions[table.executed[row]], WHITE, 1.1, 380),
        (f"judged by: {table.source[row]}", GREY, 0.6, 460),
    )
    for text, shade, size, top in words:
        weight = 2 if size > 1 else 1
        cv2.putText(
            picture, text, (left, top), cv2.FONT_HERSHEY_SIMPLEX, size, shade, weight, cv2.LINE_AA
        )
    return picture


def _draw_zone(field: Picture, game: Game) -> None:
    if game.zone is None:
        return
    zone = game.zone
    corner = (zone.left * SCALE, zone.top * SCALE)
    opposite = ((zone.right + 1) * SCALE - 1, (zone.bottom + 1) * SCALE - 1)
    cv2.rectangle(field, corner, opposite, RED, 2)
