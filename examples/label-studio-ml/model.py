"""The model class that label-studio-ml serves: Hemline's adapter as it is."""

from backend.ml_adapter import HemlineModel

__all__ = ["HemlineModel"]
