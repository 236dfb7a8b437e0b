"""Review of an intervention log: scrub through it like a video, relabel, compare, cut clips."""
