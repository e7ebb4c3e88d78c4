"""The benchmark of causes counts what it says, and draws what it knows of."""

from dataclasses import replace

import numpy as np

from active_learning.blame import Blame
from active_learning.label_features import LabelFeatures
from benchmarks.learning.bench_causes import named
from benchmarks.learning.cause_scenes import CausedLabel, clearness
from hemline.masks.figures.embedding import LENGTH, pack_embedding
from hemline.reasons import Reason
from hemline.studio.figure.body import FigureKind
from hemline.studio.hard_cases import HardCase
from hemline.studio.scene import draw_scene
from hemline.studio.wardrobe.prints import Pattern

RIGHT = Blame()


def _label(risk: float, dice: float, blame: Blame, *, wrong: bool = False, pale: bool = False):
    embedding = pack_embedding(np.eye(LENGTH, dtype=np.float32)[0])
    return CausedLabel(LabelFeatures(fixed_risk=risk, blame=blame), embedding, dice, wrong, pale)


def test_causes_are_counted_in_the_first_quarter_with_and_without_blame() -> None:
    labels = [
        _label(0.9, 0.9, Blame(label=0.1), wrong=True),
        _label(0.8, 0.9, Blame(contrast=0.1), pale=True),
        _label(0.7, 0.8, Blame(model=0.2)),
        *(_label(0.01, 0.98 + 0.001 * k, RIGHT) for k in range(9)),
    ]
    old, new = (named(labels, with_disputes=each) for each in (False, True))
    bad, low, hard = new.values()
    assert (bad.has, bad.said, bad.both) == (1, 1, 1)
    assert (low.has, low.said, low.both) == (1, 1, 1)
    assert (hard.has, hard.said, hard.both) == (1, 1, 1)
    before = old[Reason.BAD_GROUND_TRUTH.words]
    assert (before.has, before.said, before.both) == (1, 3, 1)
    assert before.recall == 1
    assert before.precision == 1 / 3
    assert np.isnan(replace(before, said=0).precision)


def test_a_garment_in_the_figures_colour_is_less_clear_than_a_dark_one() -> None:
    clear = []
    for seed in (1, 2, 3):
        usual, like = (
            draw_scene(
                seed,
                height=288,
                width=192,
                kind=FigureKind.MANNEQUIN,
                pattern=Pattern.PLAIN,
                case=case,
            )
            for case in (None, HardCase.LIKE_FIGURE)
        )
        clear.append((clearness(usual), clearness(like)))
    usual_mean, like_mean = np.mean(clear, axis=0)
    assert like_mean < usual_mean
