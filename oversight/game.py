"""What a game is to everybody who does not play it: plain data, no emulator."""

from __future__ import annotations

from dataclasses import dataclass, replace

__all__ = ["ALL_ACTIONS", "MINIMAL_ACTIONS", "Game", "Threats", "Zone", "directions"]

MINIMAL_ACTIONS = ("NOOP", "FIRE", "RIGHT", "LEFT", "RIGHTFIRE", "LEFTFIRE")
"""The actions of Atari games that are played along one line, in ALE's order."""
ALL_ACTIONS = (
    *("NOOP", "FIRE", "UP", "RIGHT", "LEFT", "DOWN"),
    *("UPRIGHT", "UPLEFT", "DOWNRIGHT", "DOWNLEFT"),
    *("UPFIRE", "RIGHTFIRE", "LEFTFIRE", "DOWNFIRE"),
    *("UPRIGHTFIRE", "UPLEFTFIRE", "DOWNRIGHTFIRE", "DOWNLEFTFIRE"),
)
"""All 18 actions of the console's stick and button, in ALE's order."""


@dataclass(frozen=True, slots=True)
class Zone:
    """A rectangle of the native screen, to be drawn for the overseer; bounds are inclusive.

    Attributes:
        top, bottom: rows, 0 at the top, of 210.
        left, right: columns, 0 at the left, of 160.
    """

    top: int
    bottom: int
    left: int
    right: int


@dataclass(frozen=True, slots=True)
class Threats:
    """Things that move about and do harm, to be framed for the overseer.

    Attributes:
        colours: theirs on the screen, red, green, blue; nothing else there has them.
        top, bottom: the rows in which they move, 0 at the top, of 210; bounds are inclusive.
    """

    colours: tuple[tuple[int, int, int], ...]
    top: int
    bottom: int


@dataclass(frozen=True, slots=True)
class Game:
    """What everybody has to know of a game.

    Attributes:
        name: as commands and files spell it.
        title: as people read it.
        rom: ale-py's name of the ROM; empty for a game that has none.
        actions: names of the actions, in the order of their numbers.
        frameskip: emulator frames an agent step.
        catastrophe: one line, what must not happen.
        instruction: one line for the overseer, what to do about it.
        safe_twin: for each action what is executed instead of it when it is blocked.
        toward_harm: the action that, held, leads to the catastrophe; for audits.
        zone: where the harm is on the screen, if it has a place.
        threats: what the harm comes from, if it moves about.
        colours: palette indices of all that its screens ever show, if they are known and no two
            of them are equally bright: a screen can then be told from its brightness alone.
        arrows: for each action its direction on the screen, (right, down) in {-1, 0, 1}; read
            from the actions' names if none are given.
    """

    name: str
    title: str
    rom: str
    actions: tuple[str, ...]
    frameskip: int
    catastrophe: str
    instruction: str
    safe_twin: tuple[int, ...]
    toward_harm: int
    zone: Zone | None = None
    arrows: tuple[tuple[int, int], ...] = ()
    threats: Threats | None = None
    colours: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        count = len(self.actions)
        if not self.arrows:
            object.__setattr__(self, "arrows", directions(self.actions))
        for label, values in (("safe_twin", self.safe_twin), ("arrows", self.arrows)):
            if len(values) != count:
                raise ValueError(
                    f"{self.name}: expected {count} entries of {label}, got {len(values)}"
                )
        for action in (*self.safe_twin, self.toward_harm):
            if not 0 <= action < count:
                raise ValueError(f"{self.name}: expected actions in [0, {count}), got {action}")

    @property
    def n_actions(self) -> int:
        """How many actions there are."""
        return len(self.actions)

    def with_frameskip(self, frameskip: int) -> Game:
        """The same game at another number of frames an agent step."""
        if frameskip < 1:
            raise ValueError(f"expected a frameskip of 1 or more, got {frameskip}")
        return replace(self, frameskip=frameskip)


def directions(actions: tuple[str, ...]) -> tuple[tuple[int, int], ...]:
    """Where each action's name points on the screen, such as (1, -1) for UPRIGHT.

    Args:
        actions: names as ALE spells them.

    Returns:
        (right, down), each in {-1, 0, 1}.
    """
    return tuple(
        (
            ("RIGHT" in name) - ("LEFT" in name),
            ("DOWN" in name) - ("UP" in name),
        )
        for name in actions
    )
