"""Pseudo-labels: the masks a model is sure of, as pairs that are trained on and judge nothing."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from hemline.datasets.readers.pairs import read_pairs
from hemline.datasets.sample import Sample
from hemline.datasets.splits import split_by_garment
from hemline.errors import DatasetError, HemlineError
from hemline.segmentation.model_card import ModelCard
from hemline.segmentation.model_file import save_model
from hemline.segmentation.networks.build import build_network
from hemline.segmentation.predictor import Predictor
from hemline.segmentation.recipe.recipe import with_values
from hemline.segmentation.training.split_data import training_data
from hemline.segmentation.training.train_model import train
from tests.segmentation.commands.test_commands import run, write_pairs
from tests.segmentation.discs import disc_sample

SHARES = ["split.validation=0.3", "split.test=0.3"]


@pytest.fixture
def model(small_recipe, samples, tmp_path) -> Path:
    trained = train(
        small_recipe, samples, [], labels=("garment",), work_dir=tmp_path / "teacher", device="cpu"
    )
    return trained.path


def test_only_photos_whose_mask_is_sure_become_pairs(model, samples, tmp_path):
    write_pairs(tmp_path / "new", samples)
    photos = sorted((tmp_path / "new" / "images").iterdir())
    predictor = Predictor(model, device="cpu")
    expected = {sample.id: predictor.predict([sample.load()[0]])[0] for sample in samples}
    scores = sorted(found.score for found in expected.values())
    bound = (scores[4] + scores[5]) / 2
    out = tmp_path / "pseudo"
    command = ("predict", *photos, "--model", model, "--device", "cpu", "--out", out)
    done = run(*command, "--pairs", "--least-score", bound)
    assert done.exit_code == 0, done.output
    assert "5 of 12 masks are left out" in done.output
    assert f"the best of them has {scores[4]:.3f}" in done.output
    pseudo = read_pairs(out)
    assert {sample.id for sample in pseudo.samples} == {
        name for name, found in expected.items() if found.score >= bound
    }
    for sample in pseudo.samples:
        image, mask = sample.load()
        np.testing.assert_array_equal(mask, expected[sample.id].mask)
        original = next(path for path in photos if path.stem == sample.id)
        assert (out / "images" / original.name).read_bytes() == original.read_bytes()
        assert image.shape[:2] == mask.shape
    with pytest.raises(HemlineError, match="images' is not empty; give a new folder"):
        run(*command, "--pairs")
    with pytest.raises(HemlineError, match="give one of them"):
        run(*command, "--pairs", "--cutout")


def test_several_labels_are_written_with_their_names(small_recipe, tmp_path):
    labels = ("red", "green")
    network = build_network(small_recipe.network, 2)
    save_model(
        tmp_path / "m.safetensors", network.state_dict(), ModelCard(small_recipe, labels, 0.5)
    )
    write_pairs(tmp_path / "new", [disc_sample(1)])
    photo = tmp_path / "new" / "images" / "s1.png"
    model = tmp_path / "m.safetensors"
    run("predict", photo, "--model", model, "--device", "cpu", "--out", tmp_path / "p", "--pairs")
    pseudo = read_pairs(tmp_path / "p")
    assert pseudo.labels == labels
    image, mask = pseudo.samples[0].load()
    np.testing.assert_array_equal(mask, Predictor(model, device="cpu").predict([image])[0].mask)
    other = tmp_path / "s2.pdf"
    shutil.copy(photo, other)
    with pytest.raises(HemlineError, match="1 of 1 photos have no mask"):
        run(
            "predict",
            other,
            "--model",
            model,
            "--device",
            "cpu",
            "--out",
            tmp_path / "q",
            "--pairs",
        )


def test_extra_photos_judge_nothing_and_leave_the_split_as_it_was(small_recipe, tmp_path):
    names = [f"coat{number}_Front" for number in range(20)]
    labelled = [pattern(number, name) for number, name in enumerate(names)]
    source = f"pairs:{write_pairs(tmp_path / 'labelled', labelled)}"
    recipe = with_values(small_recipe, SHARES)
    plain = training_data(recipe, [source])
    _, tested, _ = split_by_garment(read_pairs(tmp_path / "labelled").samples, (0.3, 0.3, 0.4))
    assert plain.train
    assert plain.validation
    assert tested

    def stem(sample: Sample) -> str:
        return sample.id.removesuffix("_Front")

    copies = {  # the photo of a garment under a name that sorts before all others
        "a-validated_Front": plain.validation[0],
        "a-tested_Front": tested[0],
        "a-trained_Front": plain.train[0],
    }
    views = {
        f"{stem(part[0])}_Back": pattern(30 + k, "back")
        for k, part in enumerate((plain.validation, tested, plain.train))
    }
    new = {"new_Front": pattern(50, "new")}
    more = [replace_id(sample, name) for name, sample in (copies | views | new).items()]
    extra = f"pairs:{write_pairs(tmp_path / 'extra', more)}"
    found = training_data(recipe, [source], [extra])
    for part, before in ((found.train, plain.train), (found.validation, plain.validation)):
        assert [sample.id for sample in part] == [sample.id for sample in before]
    trained_back = f"{stem(plain.train[0])}_Back"
    assert {sample.id for sample in found.extra} == {"a-trained_Front", trained_back, "new_Front"}
    assert found.kept_apart == 4

    bag = with_values(recipe, ["bagging.folds=2"])  # its folds keep the rest apart
    bagged = training_data(bag, [source], [extra])
    assert bagged.kept_apart == 2
    held = {sample.garment for sample in bagged.validation}
    assert {sample.garment for sample in bagged.extra if sample.id == "a-validated_Front"} <= held

    result = train(
        with_values(recipe, ["schedule.epochs=1"]),
        found.train,
        found.validation,
        labels=found.labels,
        extra=found.extra,
        work_dir=tmp_path / "out",
        device="cpu",
    )
    assert result.figures["trained_on"] == len(plain.train) + 3
    assert result.figures["validated_on"] == len(plain.validation)


def test_a_training_itself_leaves_out_what_its_validation_holds(small_recipe, samples, tmp_path):
    other = disc_sample(9)  # of the garment of samples[8]
    result = train(
        with_values(small_recipe, ["schedule.epochs=1"]),
        samples[:8],
        samples[8:9],
        labels=("garment",),
        extra=[other],
        work_dir=tmp_path,
        device="cpu",
    )
    assert result.figures["trained_on"] == 8


def test_extra_data_of_other_labels_is_named(small_recipe, tmp_path):
    source = f"pairs:{write_pairs(tmp_path / 'labelled', [disc_sample(1)])}"
    extra = f"pairs:{write_pairs(tmp_path / 'extra', [disc_sample(2)])}"
    (tmp_path / "extra" / "labels.txt").write_text("dress\n")
    with pytest.raises(DatasetError, match="has the labels dress, but the other data has"):
        training_data(small_recipe, [source], [extra])


def replace_id(sample: Sample, name: str) -> Sample:
    return Sample(name, name, "", sample.source, sample.load)


def pattern(number: int, name: str) -> Sample:
    """Blocks of colour, so that no photo is a near-duplicate of another."""
    blocks = np.random.default_rng(number).integers(0, 256, (8, 8, 3), dtype=np.uint8)
    image = blocks.repeat(8, axis=0).repeat(8, axis=1)
    mask = (image[..., 0] > 128).astype(np.uint8)
    mask[0] = mask[-1] = 0
    mask[:, [0, -1]] = 0  # garment all around a hole would be an inverted mask
    return Sample(name, name, "", "patterns", lambda: (image, mask))
