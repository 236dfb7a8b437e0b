"""The clock of attention."""

from __future__ import annotations

from oversight_ui.naming.clock import Clock


def test_it_counts_while_somebody_looks() -> None:
    clock = Clock().after(4.0, looking=True).after(100.0, looking=False).after(3.0, looking=True)
    assert clock.seconds == 7.0


def test_a_long_silence_counts_as_half_a_minute() -> None:
    clock = Clock()
    for _ in range(50):
        clock = clock.after(1.0, looking=True)
    assert clock.seconds == 30.0
    assert clock.heard().after(5.0, looking=True).seconds == 35.0
    assert Clock().after(1000.0, looking=True).seconds == 30.0


def test_the_silence_goes_on_where_it_was_when_the_cards_were_covered() -> None:
    clock = Clock().after(20.0, looking=True).after(60.0, looking=False).after(20.0, looking=True)
    assert clock.seconds == 30.0
