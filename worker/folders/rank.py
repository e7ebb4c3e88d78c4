"""The order of a plain folder: each pair is looked at once, then all are compared."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from active_learning.label_features import Look, look_at_label, risks_of
from active_learning.order.neighbours import isolation
from active_learning.reasons import Evidence, reasons
from active_learning.risk.risk_file import shipped_risk_model
from active_learning.signals.garment_views import USUAL_VIEW, Oddness, odd_views, raised, usual_gaps
from hemline.errors import HemlineError, MaskError
from hemline.masks.embedding import LENGTH, pack_embedding, unpack_embeddings
from hemline.masks.garment_is import GarmentIs
from worker.folders.pairs import Pair, Pixels, look_inverted, read_pair

if TYPE_CHECKING:
    from active_learning.risk.label_risk import RiskModel
    from hemline.segmentation.predictor import Predictor


@dataclass(frozen=True)
class Ranked:
    """One image of the order; `risk` is None where it could not be judged, and `problem` why."""

    id: str
    risk: float | None
    evidence: list[Evidence]
    problem: str = ""

    def as_json(self) -> dict[str, Any]:
        """Plain values: what `hemline rank --json` prints."""
        return {
            "id": self.id,
            "label_risk": None if self.risk is None else round(self.risk, 6),
            "reasons": [
                {
                    "reason": item.reason.value,
                    "number": round(item.number, 6),
                    "percentile": round(item.percentile, 2),
                    "evidence": item.sentence,
                    "region": None
                    if item.region is None
                    else {"kind": item.region.kind, "points": item.region.points},
                }
                for item in self.evidence
            ],
            "problem": self.problem or None,
        }


def rank_folder(
    pairs: Sequence[Pair],
    predictor: "Predictor",
    *,
    garment_is: GarmentIs | None = None,
    track: Callable[[Sequence[Pair]], Iterable[Pair]] = iter,
) -> list[Ranked]:
    """The pairs in order of risk, the likeliest to be wrong first; what cannot be judged is last.

    One photo is in memory at a time, and of each a few kilobytes are kept.

    Args:
        garment_is: what of a mask is garment; None finds it out.
        track: passes the pairs on, one by one, and shows how far they are.
    """
    read = partial(
        read_pair, garment_is=garment_is,
        light_is_garment=garment_is is None and not look_inverted(pairs),
    )  # fmt: skip
    model = shipped_risk_model()
    names: list[str] = []
    garments: list[str] = []
    looks: list[Look] = []
    embeddings: list[bytes] = []
    failed: list[Ranked] = []
    for pair in track(pairs):
        try:
            look, embedding = _look(read(pair), predictor, model)
        except HemlineError as error:
            failed.append(Ranked(pair.id, None, [], str(error)))
            continue
        names.append(pair.id)
        garments.append(pair.garment)
        looks.append(look)
        embeddings.append(embedding)
    if not looks:
        return failed
    oddness = _oddness(garments, looks)
    risks = [raised(risk, odd) for risk, odd in zip(risks_of(looks, model), oddness, strict=True)]
    distances = isolation(unpack_embeddings(embeddings))
    findings = [
        replace(look.findings, risk=risk, distance=distance, odd=odd)
        for look, risk, distance, odd in zip(looks, risks, distances, oddness, strict=True)
    ]
    ranked = [
        Ranked(name, risk, evidence, look.note)
        for name, risk, evidence, look in zip(names, risks, reasons(findings), looks, strict=True)
    ]
    return sorted(ranked, key=lambda item: (-(item.risk or 0.0), item.id)) + failed


def _oddness(garments: Sequence[str], looks: Sequence[Look]) -> list[Oddness]:
    """How far each label is from those of its garment's other views."""
    views: dict[str, list[int]] = defaultdict(list)
    for k, garment in enumerate(garments):
        views[garment].append(k)
    usual = usual_gaps([[looks[k].view for k in own] for own in views.values()])
    oddness = [USUAL_VIEW] * len(looks)
    for own in views.values():
        for k, odd in zip(own, odd_views([looks[k].view for k in own], usual), strict=True):
            oddness[k] = odd
    return oddness


def _look(pixels: Pixels, predictor: "Predictor", model: "RiskModel") -> tuple[Look, bytes]:
    seen = predictor.examine(pixels.photo)
    look = look_at_label(
        pixels.photo,
        pixels.mask,
        seen.probabilities,
        model,
        threshold=predictor.card.threshold,
        flip_dice=seen.flip_dice,
    )
    try:
        return look, pack_embedding(seen.embedding)
    except MaskError:  # a broken model; the note of the look says so
        return look, bytes(LENGTH)
