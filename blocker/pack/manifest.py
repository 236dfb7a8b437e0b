"""The description that makes a folder a pack: `pack.json`."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from blocker.errors import PackError
from blocker.pack.recipe import PackPolicy, Recipe
from oversight.games import entry_of
from oversight.log import package_versions

__all__ = ["CARD", "MANIFEST", "Manifest", "PartFigures", "log_path", "truths_path"]

MANIFEST, CARD = "pack.json", "DATA_CARD.md"
FORMAT, FORMAT_VERSION = "hirl-pack", 1


def log_path(pack: Path, part: str) -> Path:
    """The part's intervention log."""
    return pack / f"{part}.sqlite"


def truths_path(pack: Path, part: str) -> Path:
    """What is known of the part's steps beside the log."""
    return pack / f"{part}.truth.npz"


@dataclass(frozen=True, slots=True)
class PartFigures:
    """What a part holds; positives are proposed actions, runs those within half a second.

    Attributes:
        steps: agent steps.
        episodes: seeded ones.
        judged: steps at which there is something to judge.
        positives: of these, unsafe in truth.
        runs: independent runs of positives.
        positives_any: steps at which some action is unsafe.
        pairs: unsafe pairs of a state and an action.
        rule_positives: unsafe by a person's rule.
        idle_safe: safe proposed actions that do what their safe twin does, so that a block changes
            nothing; None where that was not tried.
        by_policy: for each policy [judged steps, positives, runs].
        digest: of the part's content.
    """

    steps: int
    episodes: int
    judged: int
    positives: int
    runs: int
    positives_any: int
    pairs: int
    rule_positives: int
    idle_safe: int | None
    by_policy: Mapping[str, Sequence[int]]
    digest: str


@dataclass(frozen=True)
class Manifest:
    """What a pack says of itself.

    Attributes:
        game: its name.
        actions: names of its actions.
        catastrophe: what counts.
        rule: name of the wording that a person goes by.
        recipe: see `Recipe.as_dict`.
        policies: by name, `about` and `age`.
        parts: by name, what they hold.
        versions: of Python and packages; not in the digest.
    """

    game: str
    actions: tuple[str, ...]
    catastrophe: str
    rule: str
    recipe: Mapping[str, object]
    policies: Mapping[str, Mapping[str, str | int]]
    parts: Mapping[str, PartFigures]
    versions: Mapping[str, str]

    @classmethod
    def new(
        cls, recipe: Recipe, policies: Sequence[PackPolicy], parts: Mapping[str, PartFigures]
    ) -> Manifest:
        """Describe a pack that was just built."""
        entry = entry_of(recipe.game)
        return cls(
            game=recipe.game,
            actions=entry.game.actions,
            catastrophe=entry.game.catastrophe,
            rule=entry.rule or next(iter(entry.definitions)),
            recipe=recipe.as_dict(),
            policies={p.name: {"about": p.about, "age": p.age} for p in policies},
            parts=parts,
            versions=package_versions(),
        )

    def age_of(self, policy: str) -> int:
        """Agent steps that a policy had learned for."""
        return int(self.policies.get(policy, {}).get("age", 0))

    def save(self, pack: Path) -> None:
        """Write `pack.json`."""
        about = {"format": FORMAT, "format_version": FORMAT_VERSION, **asdict(self)}
        (pack / MANIFEST).write_text(json.dumps(about, indent=1) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, pack: Path) -> Manifest:
        """Read a pack's description.

        Raises:
            PackError: the folder is no pack, or one of another version.
        """
        path = pack / MANIFEST
        if not path.is_file():
            raise PackError(
                f"{pack} is not a pack: expected {MANIFEST} in it, as 'python -m experiments pack' "
                "makes it"
            )
        try:
            about = json.loads(path.read_text(encoding="utf-8"))
            if about.pop("format") != FORMAT:
                raise ValueError("another format")
            version = about.pop("format_version")
            if version != FORMAT_VERSION:
                raise PackError(
                    f"{path}: expected pack format version {FORMAT_VERSION}, got {version}"
                )
            about["actions"] = tuple(about["actions"])
            about["parts"] = {name: PartFigures(**part) for name, part in about["parts"].items()}
            return cls(**{field.name: about[field.name] for field in fields(cls)})
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise PackError(f"{path} is damaged ({error}): build the pack again") from error
