"""Benchmark packs: labelled train, calibration and test parts with the truth about every action."""

from __future__ import annotations

from blocker.pack.build import build_pack
from blocker.pack.card import data_card
from blocker.pack.manifest import MANIFEST, Manifest, PartFigures, log_path, truths_path
from blocker.pack.measure import differences, measured
from blocker.pack.recipe import PARTS, PackPolicy, PartRecipe, Policy, Recipe
from blocker.pack.truths import DARK, HARM, IN_PLAY, LOST, Truths

__all__ = [
    "DARK",
    "HARM",
    "IN_PLAY",
    "LOST",
    "MANIFEST",
    "PARTS",
    "Manifest",
    "PackPolicy",
    "PartFigures",
    "PartRecipe",
    "Policy",
    "Recipe",
    "Truths",
    "build_pack",
    "data_card",
    "differences",
    "log_path",
    "measured",
    "truths_path",
]
