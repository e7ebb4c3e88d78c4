"""The parts of a recipe: every key, what it may be and what it does."""

from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

Range = tuple[float, float]
LossName = Literal["dice", "cross_entropy", "focal", "lovasz", "boundary"]
OptimiserName = Literal["adamw", "adam", "rmsprop", "adadelta", "sgd"]
Policy = Literal["one_cycle", "constant", "plateau", "plateau_then_triangular"]
Fit = Literal["keep", "squash", "letterbox"]
Preprocessing = Literal["grey", "stretch_2_98", "stretch_10_90", "equalise", "centre_and_normalise"]

MANNEQUIN = "mannequin-"  # what the names of our own architectures begin with
NO_ENCODER = "none"
ENOUGH = 4  # validation photos; fewer choose at random, and the last epoch is the safer choice


class RecipePart(BaseModel):
    """Refuses keys it does not know, so that a misspelt one never goes unnoticed, and numbers that
    are none (nan, inf)."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class NetworkPart(RecipePart):
    """An architecture and encoder of segmentation-models-pytorch by their names there, or one of
    our own: mannequin-simple, mannequin-basic or mannequin-final, which have no encoder to choose.
    """

    architecture: str = "unet"
    encoder: str = "mobilenet_v2"
    options: dict[str, Any] = Field(default_factory=dict)  # e.g. decoder_attention_type = "scse"

    @model_validator(mode="before")
    @classmethod
    def _own_networks_have_no_encoder(cls, values: Any) -> Any:
        if isinstance(values, dict) and str(values.get("architecture")).startswith(MANNEQUIN):
            if values.get("encoder", NO_ENCODER) != NO_ENCODER:
                raise ValueError(f"{values['architecture']} has no encoder to choose; leave it out")
            return {**values, "encoder": NO_ENCODER}
        return values


class Input(RecipePart):
    """What the network sees: about `pixels` pixels a photo.

    "keep" keeps the photo's own shape, "squash" makes it square, "letterbox" keeps its shape
    within a square. `preprocess` is done in its order, in training and prediction alike.
    """

    pixels: int = Field(default=256 * 384, ge=32 * 32, le=8192 * 8192)
    fit: Fit = "keep"
    preprocess: tuple[Preprocessing, ...] = ()


class Loss(RecipePart):
    """One term of the loss and its weight. "cross_entropy" is binary for one label.

    `balance` weighs classes by their share of the training pixels to the power of -balance:
    0 counts each pixel alike, 1 each class. "boundary" is cross-entropy in which pixels within
    `reach` of an outline count `edge` times as much as the others.
    """

    name: LossName
    weight: float = Field(default=1.0, gt=0)
    balance: float = Field(default=0.0, ge=0, le=1)
    edge: float = Field(default=5.0, gt=1)
    reach: int = Field(default=3, ge=1, le=64)  # pixels of the network's input

    @model_validator(mode="after")
    def _each_key_does_something(self) -> Self:
        if self.name == "lovasz" and self.balance:
            raise ValueError("lovasz already weights all classes equally; leave balance out")
        if self.name != "boundary" and self.model_fields_set & {"edge", "reach"}:
            default = Loss.model_fields
            if (self.edge, self.reach) != (default["edge"].default, default["reach"].default):
                raise ValueError("edge and reach apply only to the boundary loss")
        return self


class Augment(RecipePart):
    """Random changes of a training photo; ranges are uniform. A flip swaps left and right labels.

    Brightness, saturation and hue are the value, saturation and hue of HSV.
    """

    flip: float = Field(default=0.5, ge=0, le=1)  # probability
    scale: Range = (0.8, 1.25)  # factor
    rotate: float = Field(default=10.0, ge=0, le=180)  # degrees, either way
    shift: float = Field(default=0.08, ge=0, le=0.5)  # share of the side, either way
    brightness: float = Field(default=0.25, ge=0)
    contrast: float = Field(default=0.25, ge=0)
    saturation: float = Field(default=0.25, ge=0)
    hue: float = Field(default=0.03, ge=0, le=0.5)

    @field_validator("scale")
    @classmethod
    def _scale_is_a_range(cls, scale: Range) -> Range:
        if not 0 < scale[0] <= scale[1]:
            raise ValueError("a scale is [smallest, largest] factor, both above 0")
        return scale


class Optimiser(RecipePart):
    """The optimiser, and how its rate goes.

    "one_cycle": a warm-up to `rate`, then a cosine to nearly nothing. "constant": `rate`.
    "plateau": `rate`, halved after `rate_patience` epochs without a better one.
    "plateau_then_triangular": `rate` until the first such plateau, then triangles of
    2 * `rate_patience` epochs between `rate` / 100 and a top that halves from one to the next.
    With `average`, what is validated and kept is the moving average of the weights, as averaging.py
    has it.
    """

    name: OptimiserName = "adamw"
    rate: float = Field(default=1e-3, gt=0)
    weight_decay: float = Field(default=1e-2, ge=0)
    policy: Policy = "one_cycle"
    warm_up: float = Field(default=0.15, gt=0, lt=1)  # share of the steps, one_cycle's
    rate_patience: int = Field(default=4, ge=1)  # epochs, the plateaus'
    average: float = Field(default=0.0, ge=0, lt=1)  # decay of the averaged weights; 0: none


class Schedule(RecipePart):
    """How long a training takes, and what it sees. The best epoch on validation is kept.

    Photos of a label that less than `rare` of the photos have are shown more often: where a share f
    has it, sqrt(rare / f) times in an epoch.
    """

    epochs: int = Field(default=12, ge=1, le=100_000)
    batch: int = Field(default=8, ge=1, le=4096)
    patience: int = Field(default=6, ge=1)  # epochs without a better one before it stops
    min_delta: float = Field(default=0.0, ge=0, lt=1)  # what counts as better
    least_steps: int = Field(
        default=0, ge=0, le=1_000_000
    )  # small sets are repeated up to this many an epoch
    rare: float = Field(default=0.0, ge=0, le=1)  # share of the photos; 0: all are shown alike


class PredictionPart(RecipePart):
    """How a trained network is used."""

    flip: bool = True  # average with the mirrored photo: twice the time, steadier masks
    tune_threshold: bool = True  # on validation, for one label; else 0.5


class SecondPass(RecipePart):
    """A second network of the same kind, which sees the photo within the first one's mask alone."""

    dilate: int = Field(
        default=50, ge=0, le=10_000
    )  # pixels of the photo that the mask is made wider by


class Bagging(RecipePart):
    """Several networks in one model, each trained without one fold of the garments, averaged."""

    folds: int = Field(default=5, ge=2, le=20)


class Specialists(RecipePart):
    """A network for each type of garment behind a chooser; the general one where it is unsure."""

    least: int = Field(default=30, ge=2)  # training garments of a type, for a network of its own
    certain: float = Field(default=0.8, ge=0, le=1)  # probability of the type from which it is used


class SplitPart(RecipePart):
    """Shares of the garments that `hemline train` holds back; all views of one go together."""

    validation: float = Field(default=0.1, ge=0, le=0.9)  # chooses the best epoch, the threshold
    test: float = Field(default=0.15, ge=0, le=0.9)  # for `hemline evaluate --part test`
    seed: int = 0

    @model_validator(mode="after")
    def _something_is_left(self) -> Self:
        if self.validation + self.test >= 1:
            raise ValueError("validation and test leave nothing to train on; make them smaller")
        return self
