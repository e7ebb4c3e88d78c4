"""Errors a user can cause: one sentence that names the thing, the value and the way out."""

from hemline.quoting import writable
from hemline.redaction import redact


class HemlineError(Exception):
    """Base of all errors whose message is meant for a person and needs no stack trace.

    Its text never holds a secret, and can be written anywhere, whatever it was made of.
    """

    def __str__(self) -> str:
        return writable(redact(super().__str__()))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self)!r})"


class SettingsError(HemlineError):
    """An environment variable holds a value that its setting does not allow."""


class ImageError(HemlineError):
    """A photo cannot be read, fetched, or is outside a limit."""


class PhotoUnavailable(ImageError):
    """A photo's server does not hand it out now; the same address may be fetched later.

    retry_after_s: how long its server asks to wait, if it says so. no_answer: it did not answer at
    all, or not in time.
    """

    def __init__(
        self, message: str, *, retry_after_s: float | None = None, no_answer: bool = False
    ) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s
        self.no_answer = no_answer


class MaskError(HemlineError):
    """A mask or a region cannot be decoded, or does not fit its photo."""


class LabelConfigError(HemlineError):
    """A label config lacks what Hemline needs: an Image, and labels for masks that point to it."""


class LabelStudioError(HemlineError):
    """Label Studio refused a call or cannot be reached."""


class LabelStudioUnavailable(LabelStudioError):
    """Label Studio does not answer now; the same call may succeed later.

    retry_after_s: how long it asks to wait, if it says so.
    """

    def __init__(self, message: str, *, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class GarmentRuleError(HemlineError):
    """A rule that groups photos by garment cannot be used."""


class LabelMappingError(HemlineError):
    """What labels mean cannot be set so: an unknown label or class, or a class of two labels."""


class RecipeError(HemlineError):
    """A recipe names an unknown key or a value out of range."""


class ModelError(HemlineError):
    """A model file is broken, or belongs to another network or class list."""


class DatasetError(HemlineError):
    """A data set cannot be read, or cannot be trained on as it is."""


class StoreError(HemlineError):
    """The store is missing, at another schema version, or lacks the row that was asked for."""


class StoreUnavailable(Exception):
    """The database, or where artifacts are, cannot be used now; the same call may succeed later.

    Not a HemlineError: whoever marks a task or fails a job for those must not do so for this.
    retry_after_s: when it is worth another try. is_full: its disk has no room.
    """

    def __init__(self, message: str, *, retry_after_s: float, is_full: bool = False) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s
        self.is_full = is_full

    def __str__(self) -> str:
        return writable(redact(super().__str__()))


class ArtifactsUnavailable(StoreUnavailable):
    """The storage of artifacts does not answer or lets nobody in; the same call may succeed later.

    Whatever needs it waits, as for Label Studio.
    """


class ArtifactError(HemlineError):
    """An artifact is missing or its content does not match its digest."""


class BackupError(HemlineError):
    """A backup cannot be written or read, is damaged, or does not fit where it is restored."""


class ExportError(HemlineError):
    """An export cannot be written where or as it was asked for."""


class ChannelError(HemlineError):
    """A rule pack cannot be used, or pictures do not pass it."""
