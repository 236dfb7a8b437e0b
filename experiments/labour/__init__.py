"""What oversight costs a person: measured, fitted to real logs, and extrapolated with intervals."""
