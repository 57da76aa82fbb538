"""Measurements that back the claims of the documentation; run each with `python -m benchmarks.NAME`."""
