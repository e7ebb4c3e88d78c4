"""Masks out: a project's corrections and predictions as files that other tools read."""
