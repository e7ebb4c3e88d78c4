"""The review order: signals, items, verdicts, triage, and what a ranking reads and writes.

It stands on `tables/` and `loop/`; the worker computes what is stored here.
"""
