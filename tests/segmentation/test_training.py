"""Trainings that are real but small: they learn, resume, and refuse what does not belong."""

from pathlib import Path

import numpy as np
import pytest

from hemline.datasets.sample import Sample
from hemline.errors import DatasetError, ImageError, ModelError
from hemline.segmentation.evaluation import evaluate
from hemline.segmentation.model_file import load_model, read_card
from hemline.segmentation.predictor import Predictor
from hemline.segmentation.recipe import Recipe, with_epochs
from hemline.segmentation.training import EpochReport, train
from tests.segmentation.discs import disc_sample


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


def test_it_learns_discs(small_recipe, samples, tmp_path):
    result = run(with_epochs(small_recipe, 12), samples, tmp_path)
    figures = evaluate(Predictor(result.path, device="cpu"), samples).items
    assert np.mean([item.dice for item in figures]) > 0.9
    assert result.figures["trained_on"] == 8
    assert result.figures["validated_on"] == 4
    assert result.figures["validation_dice"] > 0.9
    curve = result.figures["curve"]
    assert curve[-1]["loss"] < curve[0]["loss"] / 2


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


def test_a_finished_training_resumes_without_training(small_recipe, samples, tmp_path):
    first = run(small_recipe, samples, tmp_path)
    seen: list[EpochReport] = []
    again = run(small_recipe, samples, tmp_path, resume=True, on_epoch=seen.append)
    assert seen == []
    assert again.figures == first.figures


def test_another_trainings_checkpoint_is_refused(small_recipe, samples, tmp_path):
    run(small_recipe, samples, tmp_path)
    with pytest.raises(ModelError, match="another recipe, parent"):
        run(with_epochs(small_recipe, 5), samples, tmp_path, resume=True)


def test_a_broken_checkpoint_is_named(small_recipe, samples, tmp_path):
    (tmp_path / "checkpoint.pt").write_bytes(b"torn")
    with pytest.raises(ModelError, match=r"checkpoint\.pt.*delete it"):
        run(small_recipe, samples, tmp_path, resume=True)


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
