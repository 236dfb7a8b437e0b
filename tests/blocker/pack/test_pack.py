"""A tiny pack of Pong: built twice alike, checked, described, and changed behind its back."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from blocker.__main__ import main
from blocker.errors import PackError
from blocker.pack import PARTS, Manifest, PartRecipe, Recipe, Truths, log_path, truths_path
from blocker.pack.recipe import episode_seed
from blocker.pack.testing import TINY, build_tiny
from oversight import InterventionLog

NOOP, FIRE, UP, DOWN = 0, 1, 2, 3


def test_the_same_seed_gives_the_same_bits(tiny_pack: Path, tmp_path: Path) -> None:
    first, second = Manifest.load(tiny_pack), build_tiny(tmp_path / "again")
    assert [first.parts[p].digest for p in PARTS] == [second.parts[p].digest for p in PARTS]
    assert len({first.parts[part].digest for part in PARTS}) == 3


def test_no_seed_is_in_two_parts(tiny_pack: Path) -> None:
    seeds = []
    for part in PARTS:
        with sqlite3.connect(log_path(tiny_pack, part)) as connection:
            seeds += [seed for (seed,) in connection.execute("SELECT seed FROM episodes")]
    assert len(seeds) == len(set(seeds)) == 2 + 2 + 2 * 2
    assert episode_seed(0, "train", 1, 2) != episode_seed(1, "train", 1, 2)


def test_the_truths_agree_with_the_log(tiny_pack: Path) -> None:
    for part in PARTS:
        truths = Truths.load(truths_path(tiny_pack, part))
        with InterventionLog.open(log_path(tiny_pack, part)) as log:
            table = log.steps()
        rows = np.arange(len(table))
        assert np.array_equal(truths.step_id, table.step_id)
        own = truths.unsafe[rows, table.proposed]
        assert np.array_equal(own, table.proposed_unsafe == 1)
        assert own.any()
        if part != "test":  # guarded by the rule alone: its verdicts are the log's
            assert np.array_equal(truths.rule, table.verdict == 1)
        assert not truths.unsafe[rows, table.executed].any()


def test_equal_outcomes_are_those_of_actions_that_do_the_same(tiny_pack: Path) -> None:
    outcome = Truths.load(truths_path(tiny_pack, "test")).outcome
    assert outcome.shape == (80, 6)
    assert (outcome[:, UP] == outcome[:, 4]).all()  # RIGHT and RIGHTFIRE
    assert (outcome[:, UP] != outcome[:, DOWN]).mean() > 0.9
    assert Truths.load(truths_path(tiny_pack, "train")).outcome.shape == (60, 0)


def test_the_card_counts_what_is_there(tiny_pack: Path) -> None:
    test = Manifest.load(tiny_pack).parts["test"]
    card = (tiny_pack / "DATA_CARD.md").read_text()
    assert test.steps == 80
    assert test.episodes == 4
    assert test.positives > 10
    assert 2 <= test.runs < test.positives
    assert sum(counts[1] for counts in test.by_policy.values()) == test.positives
    assert f"| {test.positives:,} | {test.runs:,} |" in card
    assert test.digest in card


def test_the_command_shows_and_checks_a_pack(
    tiny_pack: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["pack", str(tiny_pack)]) == 0
    assert "all 3 parts are as they were built" in " ".join(capsys.readouterr().out.split())


def test_one_changed_truth_is_noticed(pack_copy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    truths = Truths.load(truths_path(pack_copy, "test"))
    unsafe = truths.unsafe.copy()
    unsafe[7, 1] ^= True
    replace(truths, unsafe=unsafe).save(truths_path(pack_copy, "test"))
    assert main(["pack", str(pack_copy)]) == 1
    assert "test: expected digest" in capsys.readouterr().err
    assert main(["pack", str(pack_copy), "--no-verify"]) == 0


def test_a_changed_manifest_is_noticed(pack_copy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    manifest = Manifest.load(pack_copy)
    test, rest = manifest.parts["test"], {p: manifest.parts[p] for p in PARTS if p != "test"}
    fewer = {name: (0, *counts[1:]) for name, counts in test.by_policy.items()}
    for said, parts in (
        ("test: expected in pack.json, got none", rest),
        ("train: expected in pack.json, got none", {}),
        ("more: is none of train, calibrate, test", {**manifest.parts, "more": test}),
        ("test: expected positives 0", {**rest, "test": replace(test, positives=0)}),
        ("test: expected by_policy", {**rest, "test": replace(test, by_policy=fewer)}),
    ):
        replace(manifest, parts=parts).save(pack_copy)
        assert main(["pack", str(pack_copy)]) == 1
        assert said in capsys.readouterr().err
    manifest.save(pack_copy)
    assert main(["pack", str(pack_copy)]) == 0


def test_a_damaged_file_is_one_clear_line(
    pack_copy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = truths_path(pack_copy, "train")
    path.write_bytes(path.read_bytes()[:200])
    assert main(["pack", str(pack_copy)]) == 1
    assert capsys.readouterr().err.count("\n") == 1
    (pack_copy / "pack.json").write_text(json.dumps({"format": "hirl-pack", "format_version": 99}))
    with pytest.raises(PackError, match="version 1, got 99"):
        Manifest.load(pack_copy)
    (pack_copy / "pack.json").write_text("[]")
    with pytest.raises(PackError, match="damaged"):
        Manifest.load(pack_copy)


def test_what_is_no_pack_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PackError, match="not a pack"):
        Manifest.load(tmp_path)
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(PackError, match="not empty"):
        build_tiny(tmp_path)
    parts = dict(TINY.parts) | {"test": PartRecipe(5, ("nobody",))}
    with pytest.raises(PackError, match="expected a policy 'nobody'"):
        build_tiny(tmp_path / "new", replace(TINY, parts=parts))


def test_recipes_that_make_no_sense_are_refused() -> None:
    with pytest.raises(ValueError, match="guards rule or truth"):
        PartRecipe(5, ("wanders",), guards=("nobody",))
    with pytest.raises(ValueError, match="1 step and 1 policy"):
        PartRecipe(0, ("wanders",))
    with pytest.raises(ValueError, match="expected the parts"):
        Recipe("pong", 0, 10, {"train": PartRecipe(5, ("wanders",))})
