"""The order of a plain folder: each pair is looked at once, then all are compared."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from active_learning.checks.mask_checks import checks_found
from active_learning.label_features import LabelFeatures, label_features, risks_in_folder
from active_learning.order.neighbours import isolation
from active_learning.reasons import reasons
from active_learning.signals.garment_views import USUAL_VIEW, Oddness, odd_views, raised, usual_gaps
from hemline.errors import HemlineError, MaskError
from hemline.masks.figures.embedding import LENGTH, pack_embedding, unpack_embeddings
from hemline.masks.files.garment_is import GarmentIs
from hemline.reasons import Evidence, FoundCheck
from worker.folders.pairs import Pair, Pixels, look_inverted, read_pair
from worker.shipped_risk import shipped_risk_model

if TYPE_CHECKING:
    from active_learning.risk.label_risk import RiskModel
    from hemline.segmentation.predictor import Predictor


@dataclass(frozen=True)
class RankedPair:
    """One image of the order; `risk` is None where it could not be judged, and `problem` why."""

    id: str
    risk: float | None
    evidence: list[Evidence]
    problem: str = ""
    checks: Sequence[FoundCheck] = ()

    def as_json(self) -> dict[str, Any]:
        """Plain values: what `hemline rank --json` prints."""
        return {
            "id": self.id,
            "label_risk": None if self.risk is None else round(self.risk, 6),
            "reasons": [
                {
                    "reason": item.reason.value,
                    "number": round(item.number, 6),
                    "percentile": None if item.percentile is None else round(item.percentile, 2),
                    "evidence": item.sentence,
                    "region": None if item.region is None else item.region.as_json(),
                }
                for item in self.evidence
            ],
            "checks": [{"check": item.check.value, **item.as_json()} for item in self.checks],
            "problem": self.problem or None,
        }


def rank_folder(
    pairs: Sequence[Pair],
    predictor: "Predictor",
    *,
    garment_is: GarmentIs | None = None,
    track: Callable[[Sequence[Pair]], Iterable[Pair]] = iter,
) -> list[RankedPair]:
    """The pairs in order of risk, the likeliest to be wrong first; what cannot be judged is last.

    One photo is in memory at a time, and of each a few kilobytes are kept.

    Args:
        garment_is: what of a mask is garment; None finds it out.
        track: passes the pairs on, one by one, and shows how far they are.
    """
    read = partial(
        read_pair,
        garment_is=garment_is,
        light_is_garment=garment_is is None and not look_inverted(pairs),
    )
    model = shipped_risk_model()
    judged: list[Pair] = []
    features: list[LabelFeatures] = []
    embeddings: list[bytes] = []
    failed: list[RankedPair] = []
    for pair in track(pairs):
        try:
            found, embedding = _look(read(pair), predictor, model)
        except HemlineError as error:
            failed.append(RankedPair(pair.id, None, [], str(error)))
            continue
        judged.append(pair)
        features.append(found)
        embeddings.append(embedding)
    if not judged:
        return failed
    oddness = _oddness(judged, features)
    alone = risks_in_folder(features, model)
    risks = [raised(risk, odd) for risk, odd in zip(alone, oddness, strict=True)]
    evidence = reasons(features, risks, isolation(unpack_embeddings(embeddings)), oddness=oddness)
    checks = checks_found([item.checks for item in features])
    ranked = [
        RankedPair(pair.id, risk, told, found.note, own)
        for pair, risk, told, found, own in zip(
            judged, risks, evidence, features, checks, strict=True
        )
    ]
    return sorted(ranked, key=lambda item: (-(item.risk or 0.0), item.id)) + failed


def _oddness(pairs: Sequence[Pair], features: Sequence[LabelFeatures]) -> list[Oddness]:
    """How far each label is from those of its garment's other views."""
    garments: dict[str, list[int]] = defaultdict(list)
    for k, pair in enumerate(pairs):
        garments[pair.garment].append(k)
    views = [[features[k].view for k in own] for own in garments.values()]
    usual = usual_gaps(views)
    oddness = [USUAL_VIEW] * len(pairs)
    for own, shown in zip(garments.values(), views, strict=True):
        for k, odd in zip(own, odd_views(shown, usual), strict=True):
            oddness[k] = odd
    return oddness


def _look(
    pixels: Pixels, predictor: "Predictor", model: "RiskModel"
) -> tuple[LabelFeatures, bytes]:
    seen = predictor.examine(pixels.photo)
    features = label_features(
        pixels.photo,
        pixels.mask,
        seen.probabilities,
        model,
        threshold=predictor.card.threshold,
        flip_dice=seen.flip_dice,
    )
    try:
        return features, pack_embedding(seen.embedding)
    except MaskError:  # a broken model; the note of the features says so
        return features, bytes(LENGTH)
