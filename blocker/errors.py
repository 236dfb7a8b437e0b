"""What can go wrong with a Blocker, beside `oversight.errors.BlockerMismatch`."""

from oversight.errors import OversightError

__all__ = ["BlockerFileError", "ExplainError", "NotLearned", "PackError"]


class BlockerFileError(OversightError):
    """A Blocker's file is missing, foreign, damaged, or cannot be written."""


class NotLearned(OversightError):  # noqa: N818 - an outcome, named as the docs name it
    """Training ended without a network that tells unsafe from safe."""


class PackError(OversightError):
    """A benchmark pack is missing, foreign, damaged, or cannot be built."""


class ExplainError(OversightError):
    """A Blocker cannot be explained as asked: captum, or steps to explain, are missing."""
