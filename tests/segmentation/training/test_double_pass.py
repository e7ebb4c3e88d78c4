"""Two passes: what the second network sees, and both in one model file."""

import numpy as np
import pytest
from safetensors import safe_open

from hemline.segmentation.input.framing import MEAN_COLOUR
from hemline.segmentation.model_card import read_card
from hemline.segmentation.networks.double_pass import see_through
from hemline.segmentation.predictor import Predictor
from hemline.segmentation.recipe.parts import SecondPass
from hemline.segmentation.recipe.recipe import with_epochs
from hemline.segmentation.training.train_model import EpochReport, train


def test_the_second_network_sees_so_many_pixels_around_the_mask():
    image = np.full((21, 21, 3), 200, dtype=np.uint8)
    mask = np.zeros((21, 21), dtype=np.uint8)
    mask[10, 10] = 1
    seen = see_through(image, mask, 5)
    rows, columns = np.mgrid[:21, :21]
    near = np.hypot(rows - 10, columns - 10) <= 5
    assert (seen[near] == 200).all()
    assert (seen[~near] == MEAN_COLOUR).all()
    assert (image == 200).all()
    np.testing.assert_array_equal(see_through(image, np.zeros_like(mask), 5), image)


@pytest.mark.learned
def test_both_networks_train_into_one_file_and_from_it(small_recipe, samples, tmp_path):
    recipe = with_epochs(small_recipe, 1).model_copy(update={"second_pass": SecondPass(dilate=4)})
    seen: list[EpochReport] = []

    def run(folder, **options):
        return train(
            recipe,
            samples[:8],
            samples[8:],
            labels=("garment",),
            work_dir=tmp_path / folder,
            device="cpu",
            on_epoch=seen.append,
            **options,
        )

    parent = run("parent")
    total = recipe.schedule.epochs + recipe.fine_tune.epochs
    assert [(report.epoch, report.epochs) for report in seen] == [
        (epoch, total) for epoch in range(1, total + 1)
    ]
    card = read_card(parent.path)
    assert card.recipe == recipe
    assert card.second_threshold is not None
    assert parent.figures["first_pass"]["trained_on"] == parent.figures["trained_on"] == 8
    with safe_open(parent.path, framework="pt") as file:
        second = [key for key in file.keys() if key.startswith("second_pass.")]  # noqa: SIM118
        assert 2 * len(second) == len(list(file.keys()))

    image, _ = samples[0].load()
    both = Predictor(parent.path, device="cpu").examine(image)
    first = Predictor(tmp_path / "parent" / "first" / "model.safetensors", device="cpu")
    alone = first.examine(image)
    through = see_through(image, alone.prediction.mask, 4)
    other = Predictor(tmp_path / "parent" / "second" / "model.safetensors", device="cpu")
    np.testing.assert_allclose(both.probabilities, other.examine(through).probabilities, atol=1e-5)
    np.testing.assert_allclose(both.embedding, alone.embedding, atol=1e-5)

    seen.clear()
    run("again", initial=parent.path)
    assert len(seen) == 2 * recipe.fine_tune.epochs
    seen.clear()
    finished = run("parent", resume=True)
    assert seen == []
    assert finished.figures["validation_dice"] == pytest.approx(parent.figures["validation_dice"])
