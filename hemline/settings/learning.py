"""Settings of the loop: what is trained when, how it is judged, and what is reviewed."""

from typing import Literal

from pydantic import Field, field_validator

from hemline.settings.files import SettingsWithFiles


class LearningSettings(SettingsWithFiles):
    """How corrections become models, and labels a review order."""

    recipe: str = Field(
        default="hemline",
        description="Recipe that corrections are trained with: a name under "
        "recipes/ or the path of a file.",
    )
    hold_lost_work: bool = Field(
        default=True,
        description="Hold a save that looks like lost work until somebody confirms it: nothing "
        "drawn over a sure pre-fill, or a label missing that was drawn before.",
    )
    training_devices: int = Field(
        default=1,
        ge=1,
        description="Processes that share each batch of a training: one a GPU, of which no more "
        "are used than the host has, or on its CPU. The trained model is the same.",
    )
    training_strategy: Literal["ddp", "ddp_find_unused_parameters_true"] = Field(
        default="ddp",
        description="How those processes share gradients. ddp_find_unused_parameters_true: for a "
        "network of which a part is not used.",
    )
    retrain_after: int = Field(
        default=20, ge=1, description="Corrections since the last training that start the next one."
    )
    retrain_every_h: float = Field(
        default=0.0,
        ge=0,
        description="Hours after which a training starts if there are new corrections. 0: never.",
    )
    pseudo_labels: bool = Field(
        default=False,
        description="After a promotion, train once more with the new champion's own masks of "
        "unlabelled photos beside the corrections. It is judged as any candidate.",
    )
    pseudo_labels_from: float = Field(
        default=0.95,
        gt=0,
        le=1,
        description="Expected Dice from which the champion is sure enough of a mask for it to be "
        "trained on as a pseudo-label.",
    )
    bagging: int = Field(
        default=0,
        ge=0,
        le=20,
        description="After a promotion, train once more with this many networks as one model, each "
        "on all garments but its share. It is judged as any candidate. 0: never.",
    )
    specialists: int = Field(
        default=0,
        ge=0,
        description="After a promotion, train once more with a network for each garment type that "
        "has this many garments to train on. It is judged as any candidate. 0: never.",
    )
    gold_share: float = Field(
        default=0.25,
        gt=0,
        lt=1,
        description="Share of garments held back from training to evaluate models on.",
    )
    validation_share: float = Field(
        default=0.1,
        ge=0,
        lt=1,
        description="Share of garments that choose the best epoch and the threshold.",
    )
    gold_minimum: int = Field(
        default=5,
        ge=5,
        description="Gold garments needed before a training starts: below 5 no paired test can "
        "reach the 5 % level.",
    )
    lost_photos: float = Field(
        default=0.2,
        ge=0,
        lt=1,
        description="Share of a training's photos that may be missing or broken. With more of them "
        "the training fails and says which.",
    )
    promotion_p: float = Field(
        default=0.05,
        gt=0,
        le=0.5,
        description="A candidate is promoted if its Dice is higher on the gold split at this "
        "one-sided level; in shadow the level is the same.",
    )
    promotion_by: Literal["gold", "shadow", "both"] = Field(
        default="gold",
        description="What a candidate must be better on to be promoted: the gold split; shadow, "
        "which is what people make of photos of garments that it has not seen; or both.",
    )
    shadow_garments: int = Field(
        default=20,
        ge=5,
        description="Garments that people correct while a candidate is in shadow until it is "
        "decided whether it is promoted. A shadow that has begun keeps its number.",
    )
    shadow_days: float = Field(
        default=30.0,
        gt=0,
        description="Days after which a candidate in shadow is given up if too few garments have "
        "been corrected.",
    )
    rank_after: int = Field(
        default=20, ge=1, description="New labels since the last ranking that start the next one."
    )
    rank_every_h: float = Field(
        default=24.0,
        gt=0,
        description="Hours after which a ranking starts if there are new labels.",
    )
    review_shown: int = Field(
        default=50,
        ge=0,
        description="Tasks at the top of the review order that get their reasons in Label Studio.",
    )
    reconcile_every_s: float = Field(
        default=60.0, gt=0, description="Seconds between checks for changes that webhooks missed."
    )
    sweep_every_s: float = Field(
        default=5.0,
        gt=0,
        description="Seconds between checks for deliveries and runs that no worker is handling.",
    )
    lease_s: float = Field(
        default=30.0,
        gt=0,
        description="Seconds without a heartbeat after which another worker takes over a run.",
    )

    @field_validator("bagging", "specialists", mode="after")
    @classmethod
    def _is_none_or_several(cls, value: int) -> int:
        if value == 1:
            raise ValueError("one is too few; choose 2 or more, or 0 for never")
        return value
