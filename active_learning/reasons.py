"""Why an image needs a person: four reasons, several at once, each with its evidence."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from active_learning.blame import FAINT, Blame
from active_learning.label_features import COMPLEXITY, LabelFeatures
from active_learning.percentiles import percentiles
from active_learning.signals.garment_views import USUAL_VIEW, Oddness
from active_learning.where_to_look import LEAST_ARC, LOW_CONTRAST
from hemline.reasons import Evidence, Reason, Region

RISKY = 0.3  # label risk worth a person's look: three times that of any label
COMPARED = 3 + COMPLEXITY  # risk, share without contrast, distance, and what is complicated
_EXTREME = 90.0  # percentile of the project from which a number stands out
_ENOUGH = 10  # images below which a percentile says nothing
_OF_MODEL = 3  # the first numbers of complexity are the model's, the others the outline's
_FAR = 1.5  # times the median distance to the nearest labels: data is thin there
_FARTHEST = 5.0  # times the usual distance above which a number says nothing more

_NOBODY = Blame()

Numbers = NDArray[np.float64]


def reasons(
    features: Sequence[LabelFeatures],
    risks: Sequence[float],
    distances: Sequence[float] | None = None,
    *,
    oddness: Sequence[Oddness] | None = None,
    others: Numbers | None = None,
) -> list[list[Evidence]]:
    """The reasons of N images of a project, their labels' first; [] where nothing stands out.

    Args:
        risks: that each label is wrong, 0..1.
        distances: of each image's embedding to the nearest others; NaN, or None for all, where it
            is not known.
        oddness: how far each label is from those of its garment's other views.
        others: (M, COMPARED) numbers of the project's other images, from `compared_numbers`, that
            percentiles are of, too.
    """
    own = compared_numbers(features, risks, distances)
    numbers = own if others is None else np.concatenate([own, others])
    ranks = np.array([percentiles(column.tolist()) for column in numbers.T]).T
    complexity = ranks[:, 3:]
    hard = [float(value) for value in complexity.mean(axis=1)]
    hard_rank = percentiles(hard)
    known = numbers[np.isfinite(numbers[:, 2]), 2]
    usual = float(np.median(known)) if len(known) else float("nan")
    enough = len(numbers) >= _ENOUGH
    result = []
    for k, item in enumerate(features):
        risk, _, distance = (float(value) for value in own[k, :3])
        odd = USUAL_VIEW if oddness is None else oddness[k]
        found: list[Evidence] = []
        # Views differ for good reasons: an odd one is never a reason against a label by itself.
        blame = item.blame or _NOBODY
        doubtful = risk >= RISKY and not item.excused and not blame.clears_label
        if doubtful or blame.convicts_label:
            found.append(_bad_ground_truth(item, blame, risk, float(ranks[k, 0]), odd))
        pale = float(ranks[k, 1])
        stands_out = item.low_contrast >= 0.2 or (enough and pale >= _EXTREME)
        plain = stands_out or (item.excused and risk >= RISKY)
        if item.low_contrast >= LEAST_ARC and plain:
            found.append(_low_contrast(item, pale))
        elif blame.lacks_contrast:
            found.append(_hidden_outline(item, blame))
        far = float(ranks[k, 2])
        rare = enough and far >= _EXTREME and distance >= _FAR * usual
        if rare:
            found.append(_limited_data(item, distance, far, usual))
        if enough and hard_rank[k] >= _EXTREME and hard[k] >= 65 and not rare:
            found.append(_too_complicated(item, hard[k], hard_rank[k], complexity[k]))
        elif blame.puzzles_model and not rare:
            found.append(_puzzling(item, blame))
        result.append(found)
    return result


def compared_numbers(
    features: Sequence[LabelFeatures],
    risks: Sequence[float],
    distances: Sequence[float] | None = None,
) -> Numbers:
    """What images are compared by, (N, COMPARED), NaN where unknown: risk, share of the outline
    without contrast, distance, and the numbers of complexity."""
    far = [float("nan")] * len(features) if distances is None else distances
    rows = [
        [risk, item.low_contrast, distance, *item.complexity]
        for item, risk, distance in zip(features, risks, far, strict=True)
    ]
    return np.array(rows, dtype=np.float64).reshape(-1, COMPARED)


def _bad_ground_truth(
    item: LabelFeatures, blame: Blame, risk: float, rank: float, odd: Oddness
) -> Evidence:
    said, where = item.wrong_sentence, item.wrong
    if blame.wrong is not None and blame.convicts_label and (blame.below or risk < RISKY):
        what = (
            "the photo and the model show more of the garment below the hem, as where its back is "
            "longer"
            if blame.below
            else "colours and edges of the photo bear out the model where the label differs from it"
        )
        said = f"{what}; {blame.label:.1%} of the label's area"
        where = blame.wrong
    sentence = "; ".join(filter(None, [said, odd.sentence if odd.is_odd else ""]))
    return Evidence(Reason.BAD_GROUND_TRUTH, risk, rank, sentence, where or item.whole)


def _low_contrast(item: LabelFeatures, rank: float) -> Evidence:
    sentence = (
        f"along {item.low_contrast:.0%} of the outline garment and background differ by less than "
        f"{LOW_CONTRAST:g} ΔE"
    )
    return Evidence(Reason.LOW_CONTRAST, item.low_contrast, rank, sentence, item.pale)


def _hidden_outline(item: LabelFeatures, blame: Blame) -> Evidence:
    """Low contrast that explains why label and model differ, be it on a short stretch."""
    where = blame.pale or item.pale or item.whole
    if blame.contrast >= blame.faint:
        sentence = (
            f"label and model differ by {blame.contrast:.1%} of the label's area where its outline "
            "can hardly be seen"
        )
        return Evidence(Reason.LOW_CONTRAST, blame.contrast, None, sentence, where)
    sentence = (
        f"label and model differ, and along {blame.faint:.0%} of the outline garment and "
        f"background differ by less than {FAINT:g} ΔE"
    )
    return Evidence(Reason.LOW_CONTRAST, blame.faint, None, sentence, where)


def _puzzling(item: LabelFeatures, blame: Blame) -> Evidence:
    sentence = (
        f"the model is wrong about a part that can be seen, {blame.model:.1%} of the label's area"
    )
    where = blame.missed or item.undecided or item.whole
    return Evidence(Reason.TOO_COMPLICATED, blame.model, None, sentence, where)


def _limited_data(item: LabelFeatures, distance: float, rank: float, usual: float) -> Evidence:
    times = distance / max(usual, 1e-9)
    much = f"{times:.1f}" if times <= _FARTHEST else f"more than {_FARTHEST:.0f}"
    sentence = f"{much} times farther than usual from similar photos"
    return Evidence(Reason.LIMITED_DATA, distance, rank, sentence, item.whole)


def _too_complicated(item: LabelFeatures, hard: float, rank: float, ranks: Numbers) -> Evidence:
    sentence = "fine or busy outline and an unsure model, more than in most photos here"
    return Evidence(Reason.TOO_COMPLICATED, hard, rank, sentence, _complicated(item, ranks))


def _complicated(item: LabelFeatures, ranks: Numbers) -> Region | None:
    """Where an image is too complicated: where the model cannot tell if that is what raised it
    most, else where the garment is thin; the whole of it where neither is known."""
    first, second = item.undecided, item.thin
    if ranks[_OF_MODEL:].mean() > ranks[:_OF_MODEL].mean():
        first, second = second, first
    return first or second or item.whole
