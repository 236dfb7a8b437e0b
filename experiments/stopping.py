"""Ctrl-C as a question that loops ask; see `oversight.stopping`."""

from oversight.stopping import StopFlag, stop_on_signals

__all__ = ["StopFlag", "stop_on_signals"]
