"""A project's review order: signals computed, risk learnt, items placed, Label Studio told.

The arithmetic is active_learning's; here it is read, called and stored.
"""
