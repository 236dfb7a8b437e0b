"""How the truth about an action is asked for: by protocol, so that no gate knows an emulator."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

__all__ = ["TruthProbe"]


@runtime_checkable
class TruthProbe(Protocol):
    """Answers what an action would bring about in the environment's present state.

    Bound to an overseer or a gate when these are built; never handed over in a proposal. Asking
    changes nothing that the environment does afterwards. Answers are cached until the
    environment moves on.
    """

    def unsafe(self, action: int) -> bool:
        """Whether `action` now makes unavoidable a catastrophe that another would still avert.

        While harm goes on: whether it makes it last longer than it must.
        """
        ...

    def unsafe_actions(self) -> NDArray[np.bool_]:
        """The same for every action: shape (n_actions,)."""
        ...
