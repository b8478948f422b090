"""Benchmarks on the data that is loaded: one file each, listed in `catalogue`."""
