"""The data card of a pack: what is in it, how it was made, what it is not good for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from blocker.pack.manifest import Manifest, PartFigures

__all__ = ["data_card"]


def data_card(manifest: Manifest) -> str:
    """The card as Markdown."""
    return "\n".join(
        [
            f"# Benchmark pack: {manifest.game}",
            "",
            f"Catastrophe: {manifest.catastrophe}. Verdicts in the logs of `train` and `calibrate` "
            f"are those of the wording `{manifest.rule}`, the exact form of what a person goes by; "
            "the truth that catastrophes are counted by is known for **every** action of every "
            "state, from copies of the emulator. Measure on `test` and nowhere else.",
            "",
            *_parts(manifest.parts),
            "",
            *_policies(manifest),
            "",
            *_format(manifest),
            "",
        ]
    )


def _parts(parts: Mapping[str, PartFigures]) -> list[str]:
    rows = [
        "| part | steps | episodes | judged | unsafe proposals | runs of them | states with an "
        "unsafe action | unsafe by the rule | safe, block changes nothing |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for name, part in parts.items():
        idle = "-" if part.idle_safe is None else f"{part.idle_safe:,}"
        rows.append(
            f"| `{name}` | {part.steps:,} | {part.episodes:,} | {part.judged:,} | "
            f"{part.positives:,} | {part.runs:,} | {part.positives_any:,} | "
            f"{part.rule_positives:,} | {idle} |"
        )
    return [
        *rows,
        "",
        "Judged: neither lost, nor harm taking its course, nor a dark screen. Runs: unsafe "
        "proposals within half a second count as one, for they are near-duplicates. Block changes "
        "nothing: the safe twin would have led to the same state.",
    ]


def _policies(manifest: Manifest) -> list[str]:
    rows = [
        "| policy | learned for, steps | what it does | "
        + " | ".join(f"{part}: judged, unsafe, runs" for part in manifest.parts)
        + " |",
        "|---|---|---|" + "---|" * len(manifest.parts),
    ]
    for name, about in manifest.policies.items():
        counts = [
            ", ".join(f"{count:,}" for count in part.by_policy[name])
            if name in part.by_policy
            else "-"
            for part in manifest.parts.values()
        ]
        rows.append(f"| {name} | {about['age']:,} | {about['about']} | {' | '.join(counts)} |")
    return rows


def _format(manifest: Manifest) -> list[str]:
    recipe = manifest.recipe
    guards = cast("Mapping[str, Mapping[str, object]]", recipe["parts"])
    kept = "; ".join(
        f"`{name}` by the {' and the '.join(cast('list[str]', part['guards']))}"
        for name, part in guards.items()
    )
    versions = ", ".join(f"{name} {version}" for name, version in manifest.versions.items())
    return [
        f"Guarded: {kept}, in turn by episode. Seed {recipe['seed']}, episodes of at most "
        f"{recipe['segment_steps']} agent steps, no episode seed in two parts.",
        "",
        "Files: `PART.sqlite`, an intervention log (the policy's name is its phase); "
        "`PART.truth.npz`, arrays by step: `unsafe` (n, actions), `rule` (n), `outcome` "
        "(n, actions; equal numbers lead to the same state), `state` (0 judged, 1 lost, 2 harm, "
        "3 dark), `situation`, `ram` (n, 128; never a Blocker's input); `pack.json`.",
        "",
        "Digests (SHA-256 over decisions, screens and truths):",
        "",
        *(f"- `{name}` `{part.digest}`" for name, part in manifest.parts.items()),
        "",
        f"Made with {versions}.",
        "",
        "Not for: play with sticky actions, other frameskips, later levels or waves than these "
        "episodes reach, or statements about people: nobody's judgement is in it.",
    ]
