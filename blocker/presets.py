"""What each game's Blocker looks at, its network and how it is trained: chosen by measurement."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from blocker.inputs import InputSpec
from blocker.sight import NetworkSpec
from blocker.threshold import ThresholdRule
from blocker.training_types import TrainingSettings

__all__ = ["PRESETS", "Preset", "input_for", "preset_for"]


@dataclass(frozen=True, slots=True)
class Preset:
    """What a game's Blocker is by default.

    Attributes:
        input: how screens are prepared.
        shape: the network's shape.
        training: how it is trained.
        rule: how its threshold is chosen.
        amplified: the network's shape for tens of thousands of answers (`blocker.amplified`), if
            another: `shape` is made for few labels.
    """

    input: InputSpec
    shape: NetworkSpec = field(default_factory=NetworkSpec)
    training: TrainingSettings = field(default_factory=TrainingSettings)
    rule: ThresholdRule = field(default_factory=ThresholdRule)
    amplified: NetworkSpec | None = None

    def shape_for(self, spec: InputSpec) -> NetworkSpec:
        """The shape for screens prepared that way: one screen shows no move to go on from."""
        if self.shape.ahead and not spec.shows_moves:
            return self.amplified or replace(self.shape, ahead=0)
        return self.shape


PRESETS: Mapping[str, Preset] = MappingProxyType(
    {
        # The own paddle alone: with the ball and the other paddle there was something to learn by
        # heart. How it falls on after its button was let go, each step of a log shows; too few of
        # them are near the zone for labels to.
        "pong": Preset(
            InputSpec(rows=(34, 194), columns=(136, 148), size=(160, 6), planes=((200,),)),
            NetworkSpec(members=8, trees=90, leaves=8, moves=True, hidden=0, ahead=2, margin=1.0),
            rule=ThresholdRule(false_alarms=0.0125, highest=0.02),
            # Trees have steps, a network goes on evenly between them: both judge.
            amplified=NetworkSpec(trees=300, moves=True, hidden=64),
        ),
        # The ship, its barriers (rows 157 to 174), what flies there. A shot is one column wide and
        # so are the holes that it goes through: no column is averaged away. Shots blink away from
        # every other screen.
        "space_invaders": Preset(
            InputSpec(
                rows=(145, 195), columns=(0, 160), size=(10, 160), planes=((196,), (52,), (6,))
            ),
            NetworkSpec(
                trees=90, leaves=8, window=(19, 25), shown=(1, 2), flat=True, moves=True, hidden=0
            ),
            # The barriers' first column is 42, their last one 113.
            training=TrainingSettings(mirror=42 + 113),
            # Of safe proposals one in 30 fires a shot: most false alarms change nothing.
            rule=ThresholdRule(false_alarms=0.05, most_false_alarms=0.06, highest=0.01),
            amplified=NetworkSpec(
                trees=300, window=(19, 25), shown=(1, 2), flat=True, moves=True, hidden=0
            ),
        ),
        # The road: two colours of the bird, three of the Coyote (one of them the trucks' too), one
        # of the trucks. The Coyote can be off the screen beside the bird, so what was seen some
        # steps ago counts.
        "road_runner": Preset(
            InputSpec(
                rows=(90, 180),
                columns=(0, 160),
                size=(45, 80),
                planes=((134,), (138,), (52,), (54,), (56,), (254,)),
                lags=(8, 4, 2, 1, 0),
            ),
            # A collision is an overlap of pixels: how far each of the others is from the bird, and
            # what is nearest in each band of rows, as there can be two trucks.
            NetworkSpec(
                trees=300,
                pairs=tuple((own, other) for own in (0, 1) for other in (2, 3, 4, 5)),
                near=(2, 3, 4, 5),
                bands=(-36, -28, -22, -18, -14, -10, -6, -2, 2, 6, 10, 14, 18, 22, 28, 36),
                moves=True,
                hidden=0,
            ),
            # What will hit the bird is not on the screen to the pixel. Of needless blocks half
            # change nothing.
            rule=ThresholdRule(false_alarms=0.24, most_false_alarms=0.24),
        ),
    }
)
"""By name of the game."""


def preset_for(game: str) -> Preset:
    """The preset of a game.

    Raises:
        ValueError: no preset of that name; the message lists those there are.
    """
    try:
        return PRESETS[game]
    except KeyError:
        known = ", ".join(sorted(PRESETS))
        raise ValueError(f"no Blocker input for game {game!r}: expected one of {known}") from None


def input_for(game: str) -> InputSpec:
    """What a game's Blocker looks at; errors as in `preset_for`."""
    return preset_for(game).input
