"""Trainings that are real but small: they learn, resume, and refuse what does not belong."""

import logging
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from hemline.datasets.sample import Sample, Skipped
from hemline.errors import DatasetError, ImageError, ModelError
from hemline.segmentation.evaluation.evaluate import evaluate
from hemline.segmentation.model_card import read_card
from hemline.segmentation.model_file import load_model
from hemline.segmentation.predictor import Predictor
from hemline.segmentation.recipe.recipe import Recipe, with_epochs, with_values
from hemline.segmentation.training.checkpoint import TrainingProgress
from hemline.segmentation.training.train_model import (
    EpochReport,
    Watch,
    labels_without_pixels,
    train,
)
from tests.segmentation.discs import SIDE, disc_sample


class Killed(BaseException):
    """Stands for the process dying: no handler in the training may see it as an error."""


def run(recipe: Recipe, samples: list[Sample], folder: Path, **options):
    return train(
        recipe,
        samples[:8],
        samples[8:],
        labels=("garment",),
        work_dir=folder,
        device="cpu",
        **options,
    )


@pytest.mark.learned
def test_it_learns_discs(small_recipe, samples, tmp_path):
    result = run(with_epochs(small_recipe, 12), samples, tmp_path)
    figures = evaluate(Predictor(result.path, device="cpu"), samples).items
    assert np.mean([item.dice for item in figures]) > 0.9
    assert result.figures["trained_on"] == 8
    assert result.figures["validated_on"] == 4
    assert result.figures["validation_dice"] > 0.9
    curve = result.figures["curve"]
    assert curve[-1]["loss"] < curve[0]["loss"] / 2


@pytest.mark.learned
def test_a_killed_training_goes_on_to_the_same_weights(small_recipe, samples, tmp_path):
    whole = run(small_recipe, samples, tmp_path / "whole")

    def die_after_two(report: EpochReport) -> None:
        if report.epoch == 2:
            raise Killed

    with pytest.raises(Killed):
        run(small_recipe, samples, tmp_path / "killed", on_epoch=die_after_two)
    best_so_far = read_card(tmp_path / "killed" / "model.safetensors")
    assert best_so_far.figures["best_epoch"] <= 2
    seen: list[int] = []
    resumed = run(
        small_recipe,
        samples,
        tmp_path / "killed",
        resume=True,
        on_epoch=lambda report: seen.append(report.epoch),
    )
    assert seen == [3, 4]
    ours, theirs = load_model(resumed.path)[0].state_dict(), load_model(whole.path)[0].state_dict()
    for key, value in theirs.items():
        np.testing.assert_allclose(ours[key].numpy(), value.numpy(), rtol=1e-2, atol=1e-3)


@pytest.mark.learned
def test_a_training_stopped_within_an_epoch_goes_on_to_the_same_weights(
    small_recipe, samples, tmp_path
):
    whole = run(small_recipe, samples, tmp_path / "whole")
    done: list[int] = []
    watch = Watch(batch=lambda position, _: done.append(position), stop=lambda: len(done) == 8)
    with pytest.raises(KeyboardInterrupt):
        run(small_recipe, samples, tmp_path / "stopped", watch=watch)
    batches = max(done)
    assert 0 < done[-1] < batches
    resumed = run(small_recipe, samples, tmp_path / "stopped", resume=True)
    assert [report["epoch"] for report in resumed.figures["curve"]] == [1, 2, 3, 4]
    for ours, theirs in zip(resumed.figures["curve"], whole.figures["curve"], strict=True):
        assert ours["loss"] == pytest.approx(theirs["loss"], rel=1e-3)


@pytest.mark.learned
def test_labels_at_zero_and_without_pixels_are_named(small_recipe, tmp_path, caplog):
    """A tie is one pixel of the photos that judge, and of none that are learnt from: no network
    finds it."""
    labels = ("red", "green", "blue", "tie")
    coloured = [disc_sample(number, labels=3) for number in range(9)]

    def with_tie(sample: Sample) -> Sample:
        def load():
            image, mask = sample.load()
            mask[SIDE // 2, SIDE // 2] = 4
            return image, mask

        return replace(sample, load=load)

    with caplog.at_level(logging.WARNING):
        result = train(
            with_epochs(small_recipe, 1),
            coloured[:3],
            [with_tie(sample) for sample in coloured[3:]],
            labels=labels,
            work_dir=tmp_path,
            device="cpu",
        )
    by_label = result.figures["validation_labels"]
    assert tuple(by_label) == labels
    zeros = [label for label in labels if by_label[label] == 0]
    assert "tie" in zeros
    assert all(f"'{label}'" in caplog.text for label in zeros)
    assert labels_without_pixels(labels, result.figures) == ["tie"]


def test_patience_counts_from_what_min_delta_calls_better():
    progress = TrainingProgress()
    for score in (0.5, 0.504, 0.508, 0.6):
        progress.add({}, score, 0.5, nn.Linear(1, 1), min_delta=0.01)
    assert (progress.best_epoch, progress.improved_epoch) == (4, 4)
    progress.add({}, 0.605, 0.5, nn.Linear(1, 1), min_delta=0.01)
    assert (progress.best_epoch, progress.improved_epoch) == (5, 4)


def test_a_mask_of_another_size_is_left_out_and_named(small_recipe, samples, tmp_path):
    def load():
        image, mask = samples[0].load()
        return image, mask[:9]

    bad = Sample(id="bad", garment="bad", view="", source="discs", load=load)
    result = run(with_epochs(small_recipe, 1), [*samples[:7], bad, *samples[7:]], tmp_path)
    assert result.figures["skipped"][0]["id"] == "bad"
    assert "64 x 9 px, its photo 64 x 64 px" in result.figures["skipped"][0]["problem"]


def test_a_finished_training_resumes_without_training(small_recipe, samples, tmp_path):
    first = run(small_recipe, samples, tmp_path)
    seen: list[EpochReport] = []
    again = run(small_recipe, samples, tmp_path, resume=True, on_epoch=seen.append)
    assert seen == []
    assert again.figures == first.figures


def test_another_trainings_checkpoint_is_refused(small_recipe, samples, tmp_path):
    run(small_recipe, samples, tmp_path)
    other = with_values(small_recipe, ["augment.rotate=9"])
    with pytest.raises(ModelError, match="another recipe, parent"):
        run(other, samples, tmp_path, resume=True)
    with pytest.raises(ModelError, match="resume with --epochs 4, or fine-tune the finished model"):
        run(with_epochs(small_recipe, 5), samples, tmp_path, resume=True)


def test_a_parent_of_the_same_name_but_other_weights_is_another(small_recipe, samples, tmp_path):
    parent = run(with_epochs(small_recipe, 1), samples, tmp_path / "parent").path
    other = run(with_values(small_recipe, ["seed=1"]), samples, tmp_path / "other").path
    run(small_recipe, samples, tmp_path / "child", initial=parent)
    moved = shutil.copy(parent, tmp_path / "moved.safetensors")
    run(small_recipe, samples, tmp_path / "child", initial=moved, resume=True)
    with pytest.raises(ModelError, match="another recipe, parent"):
        run(small_recipe, samples, tmp_path / "child", initial=other, resume=True)


@pytest.mark.learned
@pytest.mark.parametrize("policy", ["constant", "plateau_then_triangular"])
def test_more_epochs_are_gone_on_with_where_rates_do_not_need_their_number(
    policy, small_recipe, samples, tmp_path
):
    recipe = with_values(small_recipe, [f"optimiser.policy={policy}", "optimiser.rate_patience=1"])
    whole = run(recipe, samples, tmp_path / "whole")
    run(with_epochs(recipe, 2), samples, tmp_path / "short")
    seen: list[int] = []
    longer = run(
        recipe,
        samples,
        tmp_path / "short",
        resume=True,
        on_epoch=lambda report: seen.append(report.epoch),
    )
    assert seen == [3, 4]
    assert read_card(longer.path).recipe.schedule.epochs == 4
    ours, theirs = longer.figures["curve"], whole.figures["curve"]
    assert [row["rate"] for row in ours] == [row["rate"] for row in theirs]
    np.testing.assert_allclose(
        [row["loss"] for row in ours], [row["loss"] for row in theirs], rtol=1e-2
    )


def test_photos_unusable_before_the_training_are_in_the_card(small_recipe, samples, tmp_path):
    def broken():
        raise ImageError("torn")

    def check(recipe, folder):
        words: list[str] = []
        trained = run(
            with_epochs(recipe, 1),
            [samples[0], Sample("bad", "bad", "", "discs", broken), *samples[1:]],
            folder,
            skipped=[Skipped("lost", "it has no mask")],
            watch=Watch(network=words.append),
        )
        names = [item["id"] for item in read_card(trained.path).figures["skipped"]]
        assert names == ["lost", "bad"]
        return words

    assert check(small_recipe, tmp_path / "one") == ["7 photos to train on, 5 to validate on"]
    types = with_values(small_recipe, ["specialists.least=6"])
    (words,) = check(types, tmp_path / "types")
    assert words.startswith("general network: 7 photos to train on, 5 held")
    check(with_values(small_recipe, ["bagging.folds=2"]), tmp_path / "bag")
    check(with_values(small_recipe, ["second_pass.dilate=4"]), tmp_path / "double")


def test_a_broken_checkpoint_is_named(small_recipe, samples, tmp_path):
    (tmp_path / "checkpoint.pt").write_bytes(b"torn")
    with pytest.raises(ModelError, match=r"checkpoint\.pt.*delete it"):
        run(small_recipe, samples, tmp_path, resume=True)
    torch.save([1, 2, 3], tmp_path / "checkpoint.pt")
    with pytest.raises(ModelError, match=r"checkpoint\.pt.*delete it"):
        run(small_recipe, samples, tmp_path, resume=True)


@pytest.mark.learned
def test_fine_tuning_begins_from_the_parent(small_recipe, samples, tmp_path):
    parent = run(with_epochs(small_recipe, 12), samples, tmp_path / "parent")
    frozen = small_recipe.model_copy(update={"fine_tune_rate": 1e-9})
    child = run(frozen, samples, tmp_path / "child", initial=parent.path)
    assert child.figures["validation_dice"] == pytest.approx(
        parent.figures["validation_dice"], abs=0.02
    )
    assert len(child.figures["curve"]) == small_recipe.fine_tune.epochs


def test_more_labels_than_the_parent_keep_its_encoder(small_recipe, samples, tmp_path):
    parent = run(small_recipe, samples, tmp_path / "parent")
    coloured = [disc_sample(number, labels=3) for number in range(12)]
    child = train(
        with_epochs(small_recipe, 14),
        coloured[:9],
        coloured[9:],
        labels=("red", "green", "blue"),
        work_dir=tmp_path / "child",
        initial=parent.path,
        device="cpu",
    )
    assert read_card(child.path).labels == ("red", "green", "blue")
    predictor = Predictor(child.path, device="cpu")
    figures = evaluate(predictor, coloured).items
    assert {name for item in figures for name in item.labels} >= {"red", "green", "blue"}


def test_broken_photos_are_left_out_and_named(small_recipe, samples, tmp_path):
    def broken():
        raise ImageError("image 'b.jpg' is truncated; upload it again")

    bad = Sample(id="bad", garment="bad", view="", source="discs", load=broken)
    result = train(
        small_recipe,
        [*samples[:8], bad],
        samples[8:],
        labels=("garment",),
        work_dir=tmp_path,
        device="cpu",
    )
    assert result.figures["trained_on"] == 8
    assert result.figures["skipped"] == [
        {"id": "bad", "problem": "image 'b.jpg' is truncated; upload it again"}
    ]
    with pytest.raises(DatasetError, match=r"none of 1 training photos.*truncated"):
        train(small_recipe, [bad], [], labels=("garment",), work_dir=tmp_path / "b", device="cpu")


def test_one_photo_and_no_validation_is_enough(small_recipe, samples, tmp_path):
    result = train(
        small_recipe, samples[:1], [], labels=("garment",), work_dir=tmp_path, device="cpu"
    )
    assert result.figures["validation_dice"] is None
    assert read_card(result.path).threshold == 0.5
