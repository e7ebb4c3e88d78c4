"""Trainings from a parent of other labels: what both have is kept, and what is new is learned."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from hemline.segmentation.evaluation.evaluate import evaluate
from hemline.segmentation.groups import Groups
from hemline.segmentation.input.batches import as_tensors
from hemline.segmentation.input.pixel_cache import PixelCache
from hemline.segmentation.input.transforms import normalise
from hemline.segmentation.mapped_starter import map_classes
from hemline.segmentation.model_card import ModelCard, all_network_names, read_card
from hemline.segmentation.model_file import load_model, save_model
from hemline.segmentation.predictor import Predictor
from hemline.segmentation.recipe.parts import Bagging, SecondPass, Specialists
from hemline.segmentation.recipe.recipe import Recipe, with_epochs, with_values
from hemline.segmentation.training.beginning import Start, begin
from hemline.segmentation.training.train_model import EpochReport, train
from tests.segmentation.discs import disc_sample
from tests.segmentation.runtime.untrained import spread_network, write_model

RED, GREEN, BLUE = "red", "green", "blue"
CLASSES = ("dark red", "light red", "green", "skin")
MAPPING = {RED: ["dark red", "light red"], BLUE: [], GREEN: ["green"]}


@pytest.fixture
def mapped(small_recipe: Recipe, tmp_path: Path) -> Path:
    """An untrained network of four classes, of which two are red; it knows nothing of blue."""
    classes = tmp_path / "classes.safetensors"
    network = spread_network(small_recipe, len(CLASSES), seed=2)
    save_model(classes, network.state_dict(), ModelCard(small_recipe, CLASSES, 0.5))
    path = tmp_path / "mapped.safetensors"
    path.write_bytes(map_classes(classes, MAPPING))
    return path


def cache(recipe: Recipe, folder: Path, labels: int, *, without: int = 0) -> PixelCache:
    """Twelve discs of so many labels, and of none whose class id is `without`."""
    numbers = [k for k in range(24) if k % labels + 1 != without][:12]
    samples = [disc_sample(k, labels=labels) for k in numbers]
    return PixelCache(samples, recipe.input, folder / f"{labels}-{without}.pixels")


def run(recipe: Recipe, labels: tuple[str, ...], parent: Path | None, folder: Path, **options):
    samples = options.pop("samples", None) or [disc_sample(k, labels=3) for k in range(12)]
    return train(
        recipe,
        samples[:8],
        samples[8:],
        labels=labels,
        work_dir=folder,
        device="cpu",
        initial=parent,
        **options,
    )


def logits(model: torch.nn.Module) -> torch.Tensor:
    torch.manual_seed(1)
    with torch.inference_mode():
        found: torch.Tensor = model.eval()(torch.randn(1, 3, 64, 64))
    return found


def test_a_label_of_nothing_gets_a_channel_where_the_training_has_pixels_of_it(
    small_recipe, mapped, tmp_path
):
    start, labels = Start(initial=mapped), (RED, BLUE, GREEN)
    model, groups = begin(small_recipe, labels, cache(small_recipe, tmp_path, 3), start)
    assert groups == Groups(6, ((1, 2), (5,), (3,)))
    before, after = logits(load_model(mapped)[0]), logits(model)
    torch.testing.assert_close(after[:, [1, 3]], before[:, [1, 3]])
    assert (after[:, 2] > before[:, 2] + 10).any()  # within reach of a training
    without = cache(small_recipe, tmp_path, 3, without=2)
    _, groups = begin(small_recipe, labels, without, start)
    assert groups == Groups(5, ((1, 2), (), (3,)))
    _, groups = begin(small_recipe, labels, without, replace(start, pixels=(9, 9, 1, 9)))
    assert groups == Groups(6, ((1, 2), (5,), (3,)))  # another fold of the bag has it


def test_new_channels_find_what_the_parent_took_for_something_else(small_recipe, mapped, tmp_path):
    """By what it sees already: nothing of it was trained, and it is sure of other classes."""
    start, labels = Start(initial=mapped), (RED, BLUE, GREEN)
    data = cache(small_recipe, tmp_path, 3)
    model, _ = begin(small_recipe, labels, data, start)
    again, _ = begin(small_recipe, labels, data, start)
    for key, value in model.state_dict().items():
        torch.testing.assert_close(value, again.state_dict()[key])
    loss = {}
    for name, network in (("fitted", model.eval()), ("mapped", load_model(mapped)[0])):
        with torch.inference_mode():
            pairs = [as_tensors(data, k) for k in range(len(data)) if (data[k][1] == 2).any()]
            found = torch.cat([network(normalise(photo[None], ())) for photo, _ in pairs])
        ids = torch.cat([mask for _, mask in pairs]).long()
        entropy = torch.nn.functional.cross_entropy(found, ids, reduction="none")
        loss[name] = float(entropy[ids == 2].mean())
    assert loss["fitted"] < loss["mapped"] / 4


def test_labels_that_came_and_went_leave_the_others_as_they_were(small_recipe, mapped, tmp_path):
    data = cache(small_recipe, tmp_path, 2)
    model, groups = begin(small_recipe, ("hat", GREEN), data, Start(initial=mapped))
    assert groups == Groups(6, ((5,), (3,)))
    before, after = logits(load_model(mapped)[0]), logits(model)
    torch.testing.assert_close(after[:, 2], before[:, 3])
    background = torch.logsumexp(before[:, [0, 1]], 1)  # red is no label any more
    torch.testing.assert_close(after[:, 0], background, atol=1e-4, rtol=1e-4)


def test_a_parent_without_groups_keeps_its_labels_in_another_order(small_recipe, tmp_path):
    parent = tmp_path / "parent.safetensors"
    write_model(parent, small_recipe, (RED, GREEN))
    data = cache(small_recipe, tmp_path, 3)
    model, groups = begin(small_recipe, (GREEN, BLUE, RED), data, Start(initial=parent))
    assert groups == Groups(4, ((2,), (3,), (1,)))
    before, after = logits(load_model(parent)[0]), logits(model)
    torch.testing.assert_close(after[:, [0, 3, 1]], before)


def test_one_label_of_several_and_several_after_one(small_recipe, mapped, tmp_path):
    one, two = (cache(small_recipe, tmp_path, number) for number in (1, 2))
    alone, groups = begin(small_recipe, (RED,), one, Start(initial=mapped))
    assert groups == Groups(5, ((1, 2),))
    several = logits(load_model(mapped)[0])
    torch.testing.assert_close(
        logits(alone).sigmoid(), several.softmax(1)[:, 1:2], atol=1e-5, rtol=1e-3
    )
    parent = tmp_path / "one.safetensors"
    write_model(parent, small_recipe, (RED,))
    model, groups = begin(small_recipe, (GREEN, RED), two, Start(initial=parent))
    assert groups == Groups(3, ((2,), (1,)))
    before, after = logits(load_model(parent)[0]), logits(model)
    torch.testing.assert_close(after[:, 2] - after[:, 0], before[:, 0])


@pytest.mark.parametrize("labels", [("hat", "bag"), (BLUE, "bag"), ("garment",)])
def test_of_a_parent_that_knows_no_label_the_head_is_dropped(
    small_recipe, mapped, labels, tmp_path
):
    torch.manual_seed(0)
    data = cache(small_recipe, tmp_path, len(labels))
    model, groups = begin(small_recipe, labels, data, Start(initial=mapped))
    assert groups is None
    theirs, _ = load_model(mapped)
    for key, value in model.state_dict().items():
        if key.startswith("decoder") and not key.endswith("num_batches_tracked"):
            torch.testing.assert_close(value, theirs.state_dict()[key])


@pytest.mark.learned
@pytest.mark.timeout(900)  # two trainings, on a machine that may have much else to do
def test_a_label_of_nothing_is_learned(small_recipe, tmp_path):
    """The parent knows red and green and takes blue for background, with all it has learned."""
    recipe = with_values(
        with_epochs(small_recipe, 14), ["fine_tune_rate=1e-3", "fine_tune.least_steps=8"]
    )
    two = [replace(disc_sample(k, labels=2), id=f"two-{k}") for k in range(12)]
    parent = run(recipe, (RED, GREEN), None, tmp_path / "parent", samples=two)
    mapped = tmp_path / "mapped.safetensors"
    mapped.write_bytes(map_classes(parent.path, {RED: [RED], GREEN: [GREEN], BLUE: []}))
    child = run(recipe, (RED, GREEN, BLUE), mapped, tmp_path / "child")
    assert read_card(child.path).groups == Groups(4, ((1,), (2,), (3,)))
    unseen = [disc_sample(k, labels=3) for k in range(20, 32)]
    dice = {
        path: [
            item.labels[BLUE]
            for item in evaluate(Predictor(path, device="cpu"), unseen).items
            if item.labels.get(BLUE) is not None
        ]
        for path in (mapped, child.path)
    }
    assert max(dice[mapped]) == 0
    assert np.mean(dice[child.path]) > 0.4


@pytest.mark.learned
def test_a_killed_training_with_groups_goes_on_to_the_same_weights(small_recipe, mapped, tmp_path):
    labels = (GREEN, BLUE, RED)
    whole = run(small_recipe, labels, mapped, tmp_path / "whole")

    class Killed(BaseException):
        pass

    def die(report: EpochReport) -> None:
        raise Killed

    with pytest.raises(Killed):
        run(small_recipe, labels, mapped, tmp_path / "killed", on_epoch=die)
    resumed = run(small_recipe, labels, mapped, tmp_path / "killed", resume=True)
    assert read_card(resumed.path).groups == read_card(whole.path).groups
    ours, theirs = load_model(resumed.path)[0].state_dict(), load_model(whole.path)[0].state_dict()
    for key, value in theirs.items():
        np.testing.assert_allclose(ours[key].numpy(), value.numpy(), rtol=1e-2, atol=1e-3)


def several_networks(name: str, recipe: Recipe) -> Recipe:
    part = {
        "bagging": Bagging(folds=2),
        "second_pass": SecondPass(dilate=4),
        "specialists": Specialists(least=2, certain=0.5),
    }[name]
    return with_epochs(recipe, 1).model_copy(update={name: part})


@pytest.mark.slow
@pytest.mark.parametrize("name", ["bagging", "second_pass", "specialists"])
def test_all_networks_of_a_file_have_the_groups(small_recipe, mapped, tmp_path, name):
    recipe = several_networks(name, small_recipe)
    labels = (RED, GREEN, BLUE)
    samples = [
        replace(disc_sample(k, labels=3), garment_type=("coat", "skirt")[k % 2]) for k in range(16)
    ]
    trained = run(recipe, labels, mapped, tmp_path / "one", samples=samples)
    again = run(recipe, labels, trained.path, tmp_path / "two", samples=samples)
    for path in (trained.path, again.path):
        card = read_card(path)
        assert card.groups == Groups(6, ((1, 2), (3,), (5,)))
        for network in all_network_names(card):
            assert logits(load_model(path, name=network)[0]).shape == (1, 4, 64, 64)
        mask = Predictor(path, device="cpu").predict([samples[0].load()[0]])[0].mask
        assert mask.max() <= 3
