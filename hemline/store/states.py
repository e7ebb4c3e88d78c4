"""The words the store knows states and kinds by: what is stored, and what it means."""

from enum import StrEnum


class Split(StrEnum):
    TRAIN = "train"
    VALIDATION = "validation"
    GOLD = "gold"


class ProblemSource(StrEnum):
    """What a task's mark is about. A mark is cleared by news of the same thing only, and by another
    photo; what is wrong with an annotation is kept with the annotation."""

    TASK = "task"  # its data, such as no address of a photo
    PHOTO = "photo"  # it cannot be fetched or read
    PREFILL = "prefill"  # no mask could be predicted
    SENDING = "sending"  # Label Studio does not take the pre-fill
    CLICK = "click"  # a click on it did nothing


class ModelState(StrEnum):
    CANDIDATE = "candidate"  # trained, not decided on yet: it is judged, or in shadow
    CHAMPION = "champion"  # the one that pre-fills; one a project
    RETIRED = "retired"  # was champion
    REJECTED = "rejected"  # judged, not better


class ShadowState(StrEnum):
    """What became of a candidate's shadow."""

    RUNNING = "running"
    PROMOTED = "promoted"
    NOT_PROMOTED = "not_promoted"
    SUPERSEDED = "superseded"  # another candidate or another champion came before it was over
    GIVEN_UP = "given_up"  # it took too long, or somebody ended it


class RunState(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    SUPERSEDED = "superseded"  # it gave way to another run before it began


class RunTrigger(StrEnum):
    CORRECTIONS = "corrections"
    SCHEDULE = "schedule"
    BUTTON = "button"
    COMMAND = "command"
    PSEUDO_LABELS = "pseudo_labels"  # the champion's own masks are trained on beside corrections
    BAGGING = "bagging"  # what the champion was trained on, as a bag
    SPECIALISTS = "specialists"  # the same, with a network for each type of garment


# Trainings that come after a promotion by corrections, and try something else on what is there
FOLLOW_UPS = (RunTrigger.PSEUDO_LABELS, RunTrigger.BAGGING, RunTrigger.SPECIALISTS)


class DeliveryState(StrEnum):
    NEW = "new"
    DONE = "done"
    FAILED = "failed"


class JobKind(StrEnum):
    PREDICT_POOL = "predict_pool"
    RANK = "rank"
    EXPORT = "export"
    CHECK_CHANNELS = "check_channels"


class JobState(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


class ChannelOutcome(StrEnum):
    """How a cut-out does by a channel's rules."""

    PASSES = "passes"
    REFUSED = "refused"
    NOT_CHECKED = "not_checked"  # there is no photo, or no mask that can be read


class ReviewKind(StrEnum):
    LABEL = "label"  # a labelled photo: is its label wrong?
    PHOTO = "photo"  # one without a label: would a label help?


class ReviewState(StrEnum):
    OPEN = "open"
    CLOSED = "closed"


class Verdict(StrEnum):
    LABEL_WRONG = "label_wrong"
    MODEL_WRONG = "model_wrong"
    BOTH_FINE = "both_fine"
    PHOTO_FAULT = "photo_fault"  # reshoot


class ReturnState(StrEnum):
    """What became of a label that was sent back to the one who made it."""

    WAITING = "waiting"
    CORRECTED = "corrected"
    UNCHANGED = "unchanged"  # saved again as it was
    WITHDRAWN = "withdrawn"  # the verdict was taken back, or the label is gone


class Role(StrEnum):
    VIEWER = "viewer"  # looks
    REVIEWER = "reviewer"  # and gives verdicts
    ADMIN = "admin"  # and promotes, rolls back, exports, manages people
