"""Two sources, one of which cannot tell a class: the other teaches it undisturbed."""

from functools import partial

import numpy as np
import pytest

from hemline.datasets.classes.classes import ClassMap, Vocabulary
from hemline.datasets.readers.class_masks import Translation
from hemline.datasets.sample import Sample
from hemline.errors import DatasetError
from hemline.masks.figures.overlap import IGNORE
from hemline.segmentation.recipe.parts import Loss
from hemline.segmentation.recipe.recipe import with_epochs
from hemline.segmentation.training.train_model import train

SIDE = 64
CLASSES = ClassMap(
    "paints",
    ("red", "green"),
    {
        "both": {"red": "red", "green": "green"},
        "reds": {"crimson": "red", "grey": "background"},
    },
)
BOTH = Translation.of(CLASSES, Vocabulary("both", ("red", "green")))
REDS = Translation.of(CLASSES, Vocabulary("reds", ("crimson", "grey")))


def draw(number: int) -> tuple[np.ndarray, np.ndarray]:
    """A red square, a green one below it, and a grey one, which are 1, 3 and 2 in the mask."""
    rng = np.random.default_rng(number)
    image = rng.integers(0, 60, (SIDE, SIDE, 3), dtype=np.uint8)
    mask = np.zeros((SIDE, SIDE), np.uint8)
    for value, top, colour in ((1, 2, [0]), (3, 24, [1]), (2, 44, [0, 1, 2])):
        left = int(rng.integers(0, SIDE - 18))
        place = np.s_[top : top + 18, left : left + 18]
        image[place][..., colour] += 170
        mask[place] = value
    return image, mask


def load(number: int, source: str) -> tuple[np.ndarray, np.ndarray]:
    """What each source knows of the photo: one has all squares, the other no word for green."""
    image, mask = draw(number)
    known = {
        "both": lambda: BOTH(np.array([0, 1, 0, 2], np.uint8)[mask], "a"),
        "reds": lambda: REDS(np.array([0, 1, 2, 0], np.uint8)[mask], "a"),
        "reds, the rest background": lambda: (mask == 1).astype(np.uint8),
    }
    return image, known[source]()


def samples_of(source: str, numbers: range) -> list[Sample]:
    return [
        Sample(f"{source}{n}", f"{source}{n}", "", source, partial(load, n, source))
        for n in numbers
    ]


def test_the_source_without_the_class_leaves_it_open():
    assert set(np.unique(load(0, "both")[1])) == {0, 1, 2}
    mask = load(0, "reds")[1]
    assert set(np.unique(mask)) == {0, 1, IGNORE}
    assert (mask[draw(0)[1] == 3] == IGNORE).all()
    assert (mask[draw(0)[1] == 2] == 0).all()


@pytest.mark.learned
@pytest.mark.slow
def test_a_class_that_one_source_alone_teaches_is_learnt(small_recipe, tmp_path):
    """One photo in five has it; where the other four call it background it is hardly found."""
    recipe = with_epochs(small_recipe, 18).model_copy(
        update={"loss": (Loss(name="cross_entropy"), Loss(name="dice"))}
    )
    found: dict[str, dict[str, float]] = {}
    for other in ("reds", "reds, the rest background"):
        result = train(
            recipe,
            [*samples_of("both", range(4)), *samples_of(other, range(100, 116))],
            samples_of("both", range(200, 206)),
            labels=CLASSES.labels,
            work_dir=tmp_path / str(len(found)),
            device="cpu",
        )
        found[other] = result.figures["validation_labels"]
    assert found["reds"]["green"] > 0.4
    assert found["reds"]["red"] > 0.4
    assert found["reds, the rest background"]["green"] < 0.2


def test_masks_of_which_nothing_is_left_end_in_a_sentence(small_recipe, tmp_path):
    speck = np.full((8 * SIDE, 8 * SIDE), IGNORE, np.uint8)
    speck[0, 0] = 1
    photo = np.zeros((*speck.shape, 3), np.uint8)
    samples = [Sample("a", "a", "", "", lambda: (photo, speck))] * 2
    with pytest.raises(DatasetError, match="nothing labelled is left in the masks of the 2 train"):
        train(small_recipe, samples, [], labels=["x"], work_dir=tmp_path, device="cpu")
    samples = [Sample("a", "a", "", "", lambda: (photo, np.full_like(speck, IGNORE)))] * 2
    with pytest.raises(DatasetError, match="no pixel of its mask is labelled"):
        train(small_recipe, samples, [], labels=["x"], work_dir=tmp_path, device="cpu")
