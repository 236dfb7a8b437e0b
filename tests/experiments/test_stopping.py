"""Ctrl-C: once to stop at the next step, twice to stop at once."""

from __future__ import annotations

import os
import signal

import pytest

from experiments.stopping import stop_on_signals


def test_first_signal_sets_the_flag_and_the_second_interrupts() -> None:
    before = signal.getsignal(signal.SIGINT)
    with stop_on_signals() as stop:
        assert not stop()
        os.kill(os.getpid(), signal.SIGINT)
        assert stop()
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is before
