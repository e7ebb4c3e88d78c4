"""A network a type of garment behind a chooser, and the general one where the chooser is unsure."""

from dataclasses import replace

import numpy as np
import pytest
from safetensors import safe_open

from hemline.errors import RecipeError
from hemline.segmentation.model_card import read_card
from hemline.segmentation.model_file import load_model
from hemline.segmentation.networks.type_chooser import TypeChooser
from hemline.segmentation.predictor import Predictor
from hemline.segmentation.recipe.recipe import with_values
from hemline.segmentation.starter import starter_path
from hemline.segmentation.training.train_model import EpochReport, train
from tests.segmentation.discs import disc_sample

WALLS = {"red": (150, 10, 10), "green": (10, 150, 10), "blue": (10, 10, 150)}
COLOURS = tuple(WALLS)


def coloured(number):
    """Discs whose colour, and that of the wall behind them, is their type; the wall has no noise,
    so that types are far apart for any network. Of a green one the upper half alone is garment,
    which a network that has seen few discs of all colours gets wrong."""
    sample = disc_sample(number, labels=3)
    garment_type = COLOURS[number % 3]

    def load():
        image, mask = sample.load()
        inside = (mask > 0).astype(np.uint8)
        if garment_type == "green":
            rows = np.flatnonzero(inside.any(axis=1))
            inside[rows[len(rows) // 2] :] = 0
        image[mask == 0] = WALLS[garment_type]
        return image, inside

    return replace(sample, garment=sample.id, load=load, garment_type=garment_type)


@pytest.fixture
def recipe(small_recipe):
    """Begun from the starter, whose encoder tells colours apart, as one from nothing does not."""
    network = read_card(starter_path()).recipe.network
    return with_values(
        small_recipe.model_copy(update={"network": network}),
        ["fine_tune.least_steps=8", "specialists.least=6", "specialists.certain=0.6"],
    )


@pytest.fixture
def parts():
    """Eight of each type but blue, of which there are four, and one whose type nobody knows."""
    train = [coloured(number) for number in range(24) if number % 3 < 2 or number < 12]
    held = [coloured(number) for number in range(30, 42)]
    return [*train, replace(train[0], id="untold", garment="untold", garment_type="")], held


def run(recipe, parts, folder, **options):
    train_samples, held = parts
    return train(
        recipe,
        train_samples,
        held,
        labels=("garment",),
        work_dir=folder,
        device="cpu",
        **{"initial": starter_path(), **options},
    )


@pytest.mark.slow
@pytest.mark.learned
def test_each_type_with_enough_garments_gets_a_network_and_the_chooser_finds_it(
    recipe, parts, tmp_path
):
    epochs = []
    trained = run(recipe, parts, tmp_path, on_epoch=lambda report: epochs.append(report.epoch))
    assert epochs == [1, 2, 3, 4, 5, 6]  # two of the general network, and of each type's
    card = read_card(trained.path)
    assert card.types == ("blue", "green", "red")
    rows = {row["type"]: row for row in trained.figures["specialists"]}
    assert set(rows) == {"green", "red"}
    assert rows["red"]["garments"] == rows["red"]["trained_on"] == 8
    assert rows["red"]["validated_on"] == 4
    assert set(card.specialists) == {name for name, row in rows.items() if row["kept"]}
    assert all(row["kept"] == (row["score"] > row["general_score"]) for row in rows.values())
    assert card.specialists
    assert trained.figures["chooser"]["accuracy"] > 0.9
    assert trained.figures["trained_on"] == 21

    general = Predictor(tmp_path / "general" / "model.safetensors", device="cpu")
    whole = Predictor(trained.path, device="cpu")
    folders = {"green": "type_1", "red": "type_2"}
    for sample in parts[1]:
        image, _ = sample.load()
        alone, seen = general.examine(image), whole.examine(image)
        chosen = whole.choose(alone.embedding)
        if chosen:
            own = Predictor(tmp_path / folders[chosen] / "model.safetensors", device="cpu")
            alone = own.examine(image)
        np.testing.assert_allclose(seen.probabilities, alone.probabilities, atol=1e-5)
        np.testing.assert_array_equal(seen.prediction.mask, alone.prediction.mask)
        np.testing.assert_allclose(seen.embedding, general.examine(image).embedding, atol=1e-5)
    answers = [whole.choose(general.examine(sample.load()[0]).embedding) for sample in parts[1]]
    assert set(card.specialists) <= set(answers)
    assert None in answers  # blue has no network of its own

    reports: list[EpochReport] = []
    again = run(recipe, parts, tmp_path, resume=True, on_epoch=reports.append)
    assert reports == []
    assert again.figures == trained.figures

    single = recipe.model_copy(update={"specialists": None, "fine_tune_rate": 1e-9})
    child = run(single, parts, tmp_path / "child", initial=trained.path)
    ours, theirs = load_model(child.path)[0], load_model(trained.path)[0]
    for key, value in theirs.state_dict().items():
        if key.startswith("segmentation_head"):
            np.testing.assert_allclose(ours.state_dict()[key].numpy(), value.numpy(), atol=1e-3)


def test_without_types_there_is_the_general_network_alone(recipe, parts, tmp_path, caplog):
    untold = tuple([replace(sample, garment_type="") for sample in part] for part in parts)
    trained = run(recipe, untold, tmp_path)
    assert "only the general network is trained; name the types in types.csv" in caplog.text
    assert read_card(trained.path).specialists == {}
    with safe_open(trained.path, framework="pt") as file:
        assert not [key for key in file.keys() if key.startswith("type_")]  # noqa: SIM118
    image, mask = parts[0][0].load()
    assert Predictor(trained.path, device="cpu").predict([image])[0].mask.shape == mask.shape


@pytest.mark.learned
@pytest.mark.parametrize("types", [("coat", "dress"), ("coat", "dress", "skirt")])
def test_the_chooser_is_the_softmax_regression_it_was_fitted_as(types):
    rng = np.random.default_rng(0)
    middles = rng.normal(size=(len(types), 10)) * 3
    names = [types[number % len(types)] for number in range(120)]
    embeddings = np.stack([middles[types.index(name)] + rng.normal(size=10) for name in names])
    embeddings = (embeddings * np.array([1e-3, 1e3, *[1.0] * 8])).astype(np.float32)
    embeddings[:, 5] = 7.0  # a feature that never changes
    chooser = TypeChooser.fit(embeddings[:80], names[:80])
    again = TypeChooser(chooser.types, **chooser.state())
    answers = [again.choose(embedding) for embedding in embeddings[80:]]
    assert [name for name, _ in answers] == names[80:]
    assert all(0.5 < probability <= 1 for _, probability in answers)
    middle = embeddings[:80].mean(axis=0)
    name, probability = chooser.choose(middle)  # between all of them: unsure
    assert name in types
    assert probability < 0.9


def test_specialists_go_with_one_network(small_recipe):
    with pytest.raises(RecipeError, match="leave bagging and second_pass out"):
        with_values(small_recipe, ["specialists.least=6", "bagging.folds=2"])
