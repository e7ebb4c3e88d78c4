"""Errors a user can cause: one sentence that names the thing, the value and the way out."""

from hemline.redaction import redact


class HemlineError(Exception):
    """Base of all errors whose message is meant for a person and needs no stack trace.

    Its text never holds a secret, whatever it was made of.
    """

    def __str__(self) -> str:
        return redact(super().__str__())

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self)!r})"


class SettingsError(HemlineError):
    """An environment variable holds a value that its setting does not allow."""


class ImageError(HemlineError):
    """A photo cannot be read, fetched, or is outside a limit."""


class MaskError(HemlineError):
    """A mask or a region cannot be decoded, or does not fit its photo."""


class LabelConfigError(HemlineError):
    """A label config lacks what Hemline needs: an Image and BrushLabels that point to it."""


class LabelStudioError(HemlineError):
    """Label Studio refused a call or cannot be reached."""


class LabelStudioUnavailable(LabelStudioError):
    """Label Studio does not answer now; the same call may succeed later."""


class GarmentRuleError(HemlineError):
    """A rule that groups photos by garment cannot be used."""


class RecipeError(HemlineError):
    """A recipe names an unknown key or a value out of range."""


class ModelError(HemlineError):
    """A model file is broken, or belongs to another network or class list."""


class DatasetError(HemlineError):
    """A data set cannot be read, or cannot be trained on as it is."""


class StoreError(HemlineError):
    """The store is missing, at another schema version, or lacks the row that was asked for."""


class ArtifactError(HemlineError):
    """An artifact is missing or its content does not match its digest."""


class ExportError(HemlineError):
    """An export cannot be written where or as it was asked for."""
