"""Experiments, the only floor that knows all the others; see `python -m experiments --help`."""
