"""Hemline: pre-filled garment masks for Label Studio, retrained from every correction.

This package is what backend, worker and active_learning share; it imports none of them. Each
folder is a room with its own docstring, docs/architecture.md is the map, and the order in which
they may import each other is in pyproject.toml, under `[tool.importlinter]`. The files beside the
rooms are small and used by most of them: errors, files, images, colour, logs.
"""

__version__ = "0.1.0"
