"""The picture, the numbers and the video of a run, looked at as files and as pixels."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import imageio_ffmpeg
import numpy as np
from matplotlib.image import imread

from experiments.figures import SHADES, draw_overview, write_metrics
from experiments.video import HEIGHT, HOLD, RED, WIDTH, busiest, draw_step, write_video
from oversight import Event, InterventionLog, StepRecord, game_named, to_rgb

MakeLog = Callable[..., InterventionLog]
Record = Callable[..., StepRecord]
GAME = game_named("pong")


def _records(
    record: Record, count: int = 600, blocked: tuple[int, ...] = (400, 405, 410)
) -> list[StepRecord]:
    return [
        record(
            step,
            phase="oversight" if step < 300 else "blocker",
            episode=step // 300,
            blocked=step in blocked,
            proposed_unsafe=step in blocked,
            reward=-1.0 if step % 50 == 0 else 0.0,
            terminated=step == count - 1,
        )
        for step in range(count)
    ]


def test_overview_is_a_picture_with_both_phases_shaded(
    record: Record, make_log: MakeLog, tmp_path: Path
) -> None:
    log = make_log(_records(record), [Event("paddle_in_zone", 10, 12)])
    path = tmp_path / "overview.png"
    draw_overview(path, log.steps(), log.events(), "a test")
    picture = imread(path)
    assert picture.shape[0] > 600
    pixels = np.round(255 * picture[::7, ::7, :3]).astype(np.uint8).reshape(-1, 3)
    colours = {f"#{bytes(pixel).hex()}" for pixel in pixels}
    assert {SHADES["oversight"], SHADES["blocker"]} <= colours


def test_overview_of_a_run_that_was_stopped_at_once(
    record: Record, make_log: MakeLog, tmp_path: Path
) -> None:
    log = make_log([record(0)])
    draw_overview(tmp_path / "overview.png", log.steps(), [], "one step")
    assert (tmp_path / "overview.png").stat().st_size > 1000


def test_metrics_add_up_to_the_log(record: Record, make_log: MakeLog, tmp_path: Path) -> None:
    log = make_log(_records(record), [Event("paddle_in_zone", 10, 12)])
    write_metrics(tmp_path / "metrics.csv", log.steps(), log.events())
    with (tmp_path / "metrics.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [int(row["steps"]) for row in rows] == [250, 250, 100]
    assert sum(int(row["blocks"]) for row in rows) == 3
    assert sum(int(row["catastrophes"]) for row in rows) == 1
    assert sum(float(row["game_reward"]) for row in rows) == -12.0
    # The game itself ends the last episode alone: steps 300 to 599, with -1 at every 50th.
    assert [row["games_finished"] for row in rows] == ["0", "0", "1"]
    assert [float(row["game_returns"]) for row in rows] == [0.0, 0.0, -6.0]


def test_the_busiest_stretch_holds_the_blocks(record: Record, make_log: MakeLog) -> None:
    table = make_log(_records(record)).steps()
    rows = busiest(table, 20)
    assert len(rows) == 20
    assert set(rows.tolist()) >= {400, 405, 410}


def test_a_blocked_step_is_drawn_with_a_red_border_and_the_screen(
    record: Record, make_log: MakeLog
) -> None:
    log = make_log(_records(record))
    table = log.steps()
    blocked = draw_step(log, GAME, table, 400)
    allowed = draw_step(log, GAME, table, 401)
    assert blocked.shape == (HEIGHT, WIDTH, 3)
    assert tuple(blocked[4, 100]) == RED
    assert tuple(allowed[4, 100]) != RED
    screen = to_rgb(log.frames(table.frame[[401]])[0])
    assert tuple(allowed[105, 100]) == tuple(screen[33, 33])


def test_the_video_plays_and_holds_blocks_longer(
    record: Record, make_log: MakeLog, tmp_path: Path
) -> None:
    log = make_log(_records(record))
    path = tmp_path / "blocks.mp4"
    assert write_video(path, log, GAME, ("oversight", "blocker")) == 3
    frames, _ = imageio_ffmpeg.count_frames_and_secs(str(path))
    assert frames == 2 * 150 + 3 * (HOLD - 1)
