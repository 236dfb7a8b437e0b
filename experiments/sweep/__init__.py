"""Many cells on all cores of a machine or a cluster: planned, retried, resumed, never run twice."""
