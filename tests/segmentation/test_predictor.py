"""The predictor: what it says of a photo beside the mask."""

import numpy as np
import pytest
import torch

from hemline.masks.figures.overlap import dice
from hemline.segmentation.model_card import ModelCard
from hemline.segmentation.model_file import save_model
from hemline.segmentation.networks.build import build_network
from hemline.segmentation.predictor import Predictor
from hemline.segmentation.recipe.parts import PredictionPart
from tests.segmentation.discs import disc_sample


@pytest.fixture
def predictor_of(small_recipe, tmp_path):
    def make(labels: tuple[str, ...], *, flip: bool) -> Predictor:
        recipe = small_recipe.model_copy(update={"prediction": PredictionPart(flip=flip)})
        torch.manual_seed(1)
        network = build_network(recipe.network, len(labels))
        path = tmp_path / f"{len(labels)}{flip}.safetensors"
        save_model(path, network.state_dict(), ModelCard(recipe, labels, 0.5))
        return Predictor(path, device="cpu")

    return make


def test_an_examination_without_a_flip(predictor_of):
    image, _ = disc_sample(0).load()
    examined = predictor_of(("garment",), flip=False).examine(image)
    assert examined.probabilities.shape == (1, 64, 64)
    assert examined.probabilities.dtype == np.float32
    assert examined.flip_dice is None
    assert examined.embedding.shape == (1280,)
    assert np.isfinite(examined.embedding).all()


def test_the_flip_is_averaged_and_its_agreement_told(predictor_of):
    image, _ = disc_sample(0).load()
    image = image[:, :40]
    plain = predictor_of(("garment",), flip=False)
    straight = plain.examine(image).probabilities[0]
    mirrored = plain.examine(np.ascontiguousarray(image[:, ::-1])).probabilities[0, :, ::-1]
    examined = predictor_of(("garment",), flip=True).examine(image)
    np.testing.assert_allclose(examined.probabilities[0], (straight + mirrored) / 2, atol=1e-5)
    assert examined.flip_dice == pytest.approx(dice(straight >= 0.5, mirrored >= 0.5), abs=1e-3)
    assert examined.flip_dice < 1


def test_left_and_right_swap_in_the_mirrored_photo(predictor_of):
    labels = ("hat", "left-shoe", "right-shoe")
    image, _ = disc_sample(0).load()
    plain = predictor_of(labels, flip=False)
    straight = plain.examine(image).probabilities
    mirrored = plain.examine(np.ascontiguousarray(image[:, ::-1])).probabilities[..., ::-1]
    swapped = mirrored[[0, 1, 3, 2]]
    both = predictor_of(labels, flip=True).examine(image).probabilities
    np.testing.assert_allclose(both, (straight + swapped) / 2, atol=1e-5)


def test_a_prediction_is_the_examination_s(predictor_of):
    image, _ = disc_sample(0).load()
    predictor = predictor_of(("garment",), flip=True)
    np.testing.assert_array_equal(
        predictor.predict([image])[0].mask, predictor.examine(image).prediction.mask
    )


def test_a_sure_photo_is_not_looked_at_in_the_mirror(predictor_of):
    image, _ = disc_sample(0).load()
    image = image[:, :40]
    plain, both = predictor_of(("garment",), flip=False), predictor_of(("garment",), flip=True)
    alone, averaged = plain.examine(image), both.examine(image)
    assert 0 < alone.prediction.score < 1
    sure = both.examine(image, sure_from=alone.prediction.score - 0.05)
    assert sure.flip_dice is None
    np.testing.assert_allclose(sure.probabilities, alone.probabilities, atol=1e-5)
    unsure = both.examine(image, sure_from=alone.prediction.score + 0.05)
    assert unsure.flip_dice == pytest.approx(averaged.flip_dice, abs=1e-3)
    np.testing.assert_allclose(unsure.probabilities, averaged.probabilities, atol=1e-5)
    np.testing.assert_allclose(unsure.embedding, averaged.embedding, atol=1e-4)
    assert plain.examine(image, sure_from=0.0).flip_dice is None
