"""Bags: a network a fold in one model file, with figures of photos that none of them trained on."""

from dataclasses import replace

import numpy as np
import pytest
from safetensors import safe_open

from hemline.errors import DatasetError
from hemline.segmentation.model_card import network_names, read_card
from hemline.segmentation.model_file import load_model
from hemline.segmentation.predictor import Predictor
from hemline.segmentation.recipe.parts import Bagging, SecondPass
from hemline.segmentation.recipe.recipe import with_epochs
from hemline.segmentation.training.train_model import Watch, train
from tests.segmentation.discs import disc_sample

FOLDS = 2


@pytest.fixture
def recipe(small_recipe):
    return with_epochs(small_recipe, 1).model_copy(update={"bagging": Bagging(folds=FOLDS)})


def run(recipe, samples, folder, **options):
    """The last two are handed over as validation: a bag deals all into its folds."""
    return train(
        recipe,
        samples[:-2],
        samples[-2:],
        labels=("garment",),
        work_dir=folder,
        device="cpu",
        **options,
    )


def held_by(figures) -> list[set[str]]:
    return [{garment for _, garment in fold["garments"]} for fold in figures["folds"]]


@pytest.mark.learned
def test_networks_of_all_folds_are_averaged_and_measured_on_what_each_held_back(
    recipe, samples, tmp_path
):
    epochs: list[tuple[int, int]] = []
    words: list[str] = []
    watch = Watch(
        network=words.append, epoch=lambda report: epochs.append((report.epoch, report.epochs))
    )
    trained = run(recipe, samples, tmp_path, watch=watch)
    figures, card = trained.figures, read_card(trained.path)
    assert epochs == [(1, FOLDS), (2, FOLDS)]
    assert words[1] == "fold 2 of 2: 6 photos to train on, 6 held back"
    held = held_by(figures)
    assert held[0] | held[1] == {sample.garment for sample in samples}
    assert not held[0] & held[1]
    assert [fold["trained_on"] for fold in figures["folds"]] == [6, 6]
    assert (figures["trained_on"], figures["validated_on"]) == (12, 12)
    with safe_open(trained.path, framework="pt") as file:
        keys = list(file.keys())
    assert 2 * sum(key.startswith("fold_1.") for key in keys) == len(keys)

    alone = [Predictor(tmp_path / f"fold_{k}" / "model.safetensors", device="cpu") for k in (1, 2)]
    image, _ = samples[0].load()
    seen = [predictor.examine(image) for predictor in alone]
    bag = Predictor(trained.path, device="cpu").examine(image)
    mean = np.mean([one.probabilities for one in seen], axis=0)
    np.testing.assert_allclose(bag.probabilities, mean, atol=1e-5)
    assert np.abs(seen[0].probabilities - seen[1].probabilities).max() > 1e-3
    np.testing.assert_allclose(bag.embedding, seen[0].embedding, atol=1e-5)

    dice = []
    for sample in samples:
        image, truth = sample.load()
        fold = next(k for k, garments in enumerate(held) if sample.garment in garments)
        drawn = alone[fold].examine(image).probabilities[0] >= card.threshold
        dice.append(2 * (drawn & (truth > 0)).sum() / (drawn.sum() + (truth > 0).sum()))
    assert figures["validation_dice"] == pytest.approx(np.mean(dice), abs=0.03)


@pytest.mark.learned
def test_a_bag_goes_on_with_the_fold_that_was_not_finished(recipe, samples, tmp_path):
    longer = with_epochs(recipe, 2)
    batches = []
    watch = Watch(batch=lambda *done: batches.append(done), stop=lambda: len(batches) == 15)
    with pytest.raises(KeyboardInterrupt):
        run(longer, samples, tmp_path, watch=watch)  # six batches an epoch: in the third of four
    assert not (tmp_path / "model.safetensors").exists()
    seen = []
    first = run(
        longer, samples, tmp_path, resume=True, on_epoch=lambda report: seen.append(report.epoch)
    )
    assert seen == [3, 4]
    again = run(longer, samples, tmp_path, resume=True, on_epoch=lambda report: seen.append(0))
    assert seen == [3, 4]
    assert again.figures == first.figures


@pytest.mark.learned
def test_each_network_of_a_bag_begins_from_its_own_and_garments_keep_their_fold(
    recipe, samples, tmp_path
):
    parent = run(recipe, samples, tmp_path / "parent")
    frozen = recipe.model_copy(update={"fine_tune_rate": 1e-9})
    more = [disc_sample(number) for number in (20, 22, 24, 26)]
    child = run(frozen, [*more, *samples], tmp_path / "child", initial=parent.path)
    for old, new in zip(held_by(parent.figures), held_by(child.figures), strict=True):
        assert old < new
    (names,) = network_names(recipe)
    for name in names:
        ours = load_model(child.path, name=name)[0].state_dict()
        theirs = load_model(parent.path, name=name)[0].state_dict()
        key = "segmentation_head.0.weight"
        np.testing.assert_allclose(ours[key].numpy(), theirs[key].numpy(), atol=1e-3)

    single = recipe.model_copy(update={"bagging": None, "fine_tune_rate": 1e-9})
    one = run(single, samples, tmp_path / "one", initial=parent.path)
    ours, theirs = load_model(one.path)[0].state_dict(), load_model(parent.path)[0].state_dict()
    np.testing.assert_allclose(ours[key].numpy(), theirs[key].numpy(), atol=1e-3)


def test_what_is_extra_is_in_no_fold_and_never_beside_its_own_garment(recipe, samples, tmp_path):
    unseen = replace(disc_sample(40), id="unseen")
    known = replace(disc_sample(41), id="known", garment=samples[0].garment)
    figures = run(recipe, samples, tmp_path, extra=[unseen, known]).figures
    assert figures["validated_on"] == len(samples)
    held = held_by(figures)
    assert unseen.garment not in held[0] | held[1]
    for garments, fold in zip(held, figures["folds"], strict=True):
        own = sum(sample.garment in garments for sample in samples)
        assert fold["validated_on"] == own
        assert fold["trained_on"] == len(samples) - own + (1 if known.garment in garments else 2)


@pytest.mark.slow
def test_a_double_pass_of_bags_is_one_file(recipe, samples, tmp_path):
    double = recipe.model_copy(update={"second_pass": SecondPass(dilate=4)})
    epochs = []
    trained = run(double, samples, tmp_path, on_epoch=lambda report: epochs.append(report.epoch))
    assert epochs == [1, 2, 3, 4]
    assert network_names(double) == (("", "fold_1."), ("second_pass.", "second_pass.fold_1."))
    with safe_open(trained.path, framework="pt") as file:
        keys = list(file.keys())
    assert 4 * sum(key.startswith("second_pass.fold_1.") for key in keys) == len(keys)
    image, mask = samples[0].load()
    examined = Predictor(trained.path, device="cpu").examine(image)
    assert examined.prediction.mask.shape == mask.shape
    child = run(double, samples, tmp_path / "child", initial=trained.path)
    assert held_by(child.figures) == held_by(trained.figures)


def test_fewer_garments_than_folds_are_named(recipe, samples, tmp_path):
    many = recipe.model_copy(update={"bagging": Bagging(folds=9)})
    with pytest.raises(DatasetError, match="6 garments cannot make 9 folds"):
        run(many, samples, tmp_path)
