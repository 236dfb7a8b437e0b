"""What the network sees: grey, cropped, small; the same live and from the log."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from types import MappingProxyType

import cv2
import numpy as np
from numpy.typing import NDArray

from oversight.palette import PALETTE_GREY

__all__ = ["PRESETS", "InputSpec", "input_for"]


@dataclass(frozen=True, slots=True)
class InputSpec:
    """How screens become the network's input; one preset per game.

    Attributes:
        rows: first row and the row after the last, of the native screen (210 rows).
        columns: first column and the column after the last (160 columns).
        size: height and width in pixels after the resize.
        screens: how many screens, one agent step apart, are looked at.
        centre: grey level (0 to 255) that becomes the network's zero; None: the median of the
            training screens, which is the background.
        spread: grey levels that become one unit; None: the standard deviation in training.
    """

    rows: tuple[int, int]
    columns: tuple[int, int]
    size: tuple[int, int]
    screens: int = 2
    centre: float | None = None
    spread: float | None = None

    def __post_init__(self) -> None:
        for label, (first, end), limit in (
            ("rows", self.rows, 210),
            ("columns", self.columns, 160),
        ):
            if not 0 <= first < end <= limit:
                raise ValueError(
                    f"expected 0 <= first < end <= {limit} for {label}, got {first} and {end}"
                )
        if min(self.size) < 1 or self.screens < 1:
            raise ValueError(
                f"expected a positive size and at least one screen, got {self.size} "
                f"and {self.screens}"
            )

    def prepare(self, screens: NDArray[np.generic]) -> NDArray[np.uint8]:
        """Turn raw screens into the network's input.

        Args:
            screens: uint8 (k, 210, 160), palette indices, oldest first; any k.

        Returns:
            uint8 (k, height, width), grey levels; shrunk by averaging areas, so that a shift of
            one native row still changes the picture.

        Raises:
            ValueError: another shape or dtype.
        """
        if screens.ndim != 3 or screens.shape[1:] != (210, 160) or screens.dtype != np.uint8:
            raise ValueError(
                f"expected screens as uint8 (k, 210, 160), got {screens.dtype} {screens.shape}"
            )
        rows, columns = slice(*self.rows), slice(*self.columns)
        out = np.empty((len(screens), *self.size), dtype=np.uint8)
        for target, screen in zip(out, screens, strict=True):
            grey = np.ascontiguousarray(PALETTE_GREY[screen[rows, columns].astype(np.intp)])
            target[...] = cv2.resize(grey, self.size[::-1], interpolation=cv2.INTER_AREA)
        return out

    def latest(self, screens: NDArray[np.generic]) -> NDArray[np.uint8]:
        """Prepare the newest `self.screens` of a proposal's screens.

        Raises:
            ValueError: the proposal carries fewer than that.
        """
        if len(screens) < self.screens:
            raise ValueError(
                f"expected at least {self.screens} screens in a proposal, got "
                f"{len(screens)}: raise the gate's history"
            )
        return self.prepare(screens[len(screens) - self.screens :])

    def fitted(self, images: NDArray[np.uint8]) -> InputSpec:
        """Fill in the centre and spread that are still open, from training images (n, h, w)."""
        centre = float(np.median(images)) if self.centre is None else self.centre
        spread = float(images.std()) if self.spread is None else self.spread
        return replace(self, centre=centre, spread=max(spread, 1.0))

    def as_dict(self) -> dict[str, object]:
        """As plain data for JSON; `from_dict` reads it back."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, object]) -> InputSpec:
        """Read `as_dict`'s answer, also after a way through JSON.

        Raises:
            ValueError: a key is missing or of another kind.
        """
        try:
            return cls(
                rows=_pair(data["rows"]),
                columns=_pair(data["columns"]),
                size=_pair(data["size"]),
                screens=_whole(data["screens"]),
                centre=_level(data["centre"]),
                spread=_level(data["spread"]),
            )
        except KeyError as missing:
            raise ValueError(f"expected {missing} in an input description") from None


def _pair(value: object) -> tuple[int, int]:
    if not isinstance(value, list | tuple) or len(value) != 2:
        raise ValueError(f"expected two whole numbers, got {value!r}")
    return _whole(value[0]), _whole(value[1])


def _whole(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError(f"expected a whole number, got {value!r}")  # noqa: TRY004 - file content
    return value


def _level(value: object) -> float | None:
    if value is None or isinstance(value, int | float):
        return None if value is None else float(value)
    raise ValueError(f"expected a number or null, got {value!r}")


PRESETS: Mapping[str, InputSpec] = MappingProxyType(
    {
        # The whole play field, rows 34 to 193. The paddle moves by 2 native rows at a time and is
        # 4 columns wide, so 2 x 8 pixels can be averaged into one and it stays visible.
        "pong": InputSpec(rows=(34, 194), columns=(0, 160), size=(80, 20)),
    }
)


def input_for(game: str) -> InputSpec:
    """The preset of a game.

    Raises:
        ValueError: no preset of that name; the message lists those there are.
    """
    try:
        return PRESETS[game]
    except KeyError:
        known = ", ".join(sorted(PRESETS))
        raise ValueError(f"no Blocker input for game {game!r}: expected one of {known}") from None
