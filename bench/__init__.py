"""Measurements: each prints `BENCH <name> <ratio> target <op><number> ok|short` and exits 0."""
