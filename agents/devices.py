"""Where networks may compute."""

from __future__ import annotations

import re

import torch

from oversight.errors import RunError

__all__ = ["check_device"]


def check_device(name: str) -> None:
    """Refuse what is no device here. SB3 takes the CPU where there is no GPU at all.

    Raises:
        RunError: says what was expected and what came.
    """
    found = re.fullmatch(r"auto|cpu|cuda(?::(\d+))?", name)
    if found is None:
        raise RunError(f"expected a device auto, cpu or cuda, got {name!r}")
    number = int(found[1] or 0)
    if torch.cuda.is_available() and number >= torch.cuda.device_count():
        raise RunError(f"expected one of {torch.cuda.device_count()} GPUs from 0 on, got {name!r}")
