"""What may be asked."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from oversight_ui.naming import Left, Pair, Sheet


def test_a_sheet_holds_one_to_twelve_pairs_with_a_mark_each(blank: Pair) -> None:
    for count in (1, 12):
        assert len(Sheet((blank,) * count, (False,) * count, 1, 0.0, 60.0).pairs) == count
    for count in (0, 13):
        with pytest.raises(ValueError, match="1 to 12 pairs"):
            Sheet((blank,) * count, (False,) * count, 1, 0.0, 60.0)
    with pytest.raises(ValueError, match="expected 2 marks, got 1"):
        Sheet((blank,) * 2, (False,), 1, 0.0, 60.0)


def test_screens_have_their_shape() -> None:
    screen = np.zeros((210, 160), np.uint8)
    for wrong in (screen[:84], screen.astype(np.float32)):
        with pytest.raises(ValueError, match="expected uint8"):
            Pair(screen, wrong, over=False)


def test_who_leaves_has_still_given_attention() -> None:
    assert Left(3.5).seconds == 3.5
    assert Left().seconds == 0.0


def test_a_sheet_can_be_made_without_pygame() -> None:
    code = "import sys, oversight_ui.naming as n; n.Sheet; sys.exit('pygame' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
