"""Hemline: pre-filled garment masks for Label Studio, retrained from every correction."""

__version__ = "0.1.0"
