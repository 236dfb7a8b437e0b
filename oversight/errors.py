"""The errors of this project, one tree.

    OversightError
    ├── OverseerGone          nobody is there to judge
    ├── InvalidDecision       an overseer answered something that cannot be acted on
    ├── LogError
    │   ├── LogCorrupted      the file is not what was written
    │   ├── LogVersionMismatch
    │   └── ReplayDiffers     played again, the game goes another way
    ├── BlockerMismatch       a Blocker made for another game or action set
    ├── RunError              a run directory or its settings cannot be used
    ├── LinkError             the window and the run cannot talk
    └── UnreadableArrays      a file of arrays is missing or damaged

Wrong arguments stay `ValueError` and `TypeError`. A message says what was expected, what came,
and what to do; commands print it as one line and exit with a non-zero status.
"""

__all__ = [
    "BlockerMismatch",
    "InvalidDecision",
    "LinkError",
    "LogCorrupted",
    "LogError",
    "LogVersionMismatch",
    "OverseerGone",
    "OversightError",
    "ReplayDiffers",
    "RunError",
    "UnreadableArrays",
]


class OversightError(Exception):
    """Anything that a user of this project can cause or has to know about."""


class OverseerGone(OversightError):  # noqa: N818 - an event, named as the docs name it
    """Nobody is there to judge: the window was closed or its process is gone.

    Raised by `Overseer.review`; the action under review is neither approved nor executed.
    """


class InvalidDecision(OversightError):  # noqa: N818
    """An overseer's answer does not fit the question (step, order, action range)."""


class LogError(OversightError):
    """The intervention log cannot be opened, read or written."""


class LogCorrupted(LogError):  # noqa: N818
    """What is in the file is not what was written."""


class LogVersionMismatch(LogError):  # noqa: N818
    """The log has a format version that this program does not read."""


class ReplayDiffers(LogError):  # noqa: N818
    """Played again from its seeds and actions, a log's game does not go as the log says."""


class BlockerMismatch(OversightError):  # noqa: N818
    """A Blocker was made for another game, action set or screen."""


class RunError(OversightError):
    """A run directory or its settings cannot be used as asked."""


class LinkError(OversightError):
    """The window and the run cannot talk: socket in use, foreign or malformed message."""


class UnreadableArrays(OversightError):  # noqa: N818 - whoever asked says what to do about it
    """A file of arrays is missing or damaged."""
