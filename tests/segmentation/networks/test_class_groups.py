"""A network with groups gives each label the sum of its channels' probabilities, exactly."""

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from hemline.segmentation.groups import Groups
from hemline.segmentation.model_card import ModelCard, read_card
from hemline.segmentation.model_file import load_model, save_model
from hemline.segmentation.networks.build import build_network
from hemline.segmentation.networks.class_groups import ClassGroups, grown_head
from hemline.segmentation.recipe.recipe import Recipe
from hemline.segmentation.runtime.convert import convert
from hemline.segmentation.runtime.openvino_runtime import OpenVinoRuntime
from hemline.segmentation.runtime.torch_runtime import TorchRuntime
from tests.segmentation.runtime.untrained import spread_network

GROUPS = Groups(6, ((1, 4), (), (5,)))


def sums(probabilities: torch.Tensor, groups: Groups) -> torch.Tensor:
    """What the labels' probabilities must be, from those of the channels `(N, C, H, W)`."""
    parts = (groups.background, *groups.of_labels)
    return torch.stack([probabilities[:, list(part)].sum(1) for part in parts], 1)


@st.composite
def some_groups(draw: st.DrawFn) -> Groups:
    channels = draw(st.integers(2, 9))
    owner = draw(st.lists(st.integers(-1, 3), min_size=channels - 1, max_size=channels - 1))
    of_labels = tuple(
        tuple(channel for channel, label in enumerate(owner, start=1) if label == own)
        for own in range(draw(st.integers(2, 4)))
    )
    return Groups(channels, of_labels)


@settings(max_examples=30, deadline=None)
@given(some_groups(), st.integers(0, 99), st.sampled_from([0.1, 4.0, 60.0]))
def test_probabilities_are_sums_of_classes(groups, seed, steepness):
    torch.manual_seed(seed)
    logits = torch.randn(2, groups.channels, 3, 4) * steepness
    found = ClassGroups(groups)(logits).double().softmax(1)
    torch.testing.assert_close(
        found, sums(logits.double().softmax(1), groups), atol=1e-5, rtol=1e-4
    )


@settings(max_examples=20, deadline=None)
@given(st.sets(st.integers(1, 5)), st.integers(0, 99))
def test_one_label_has_one_logit_with_the_same_probability(channels, seed):
    torch.manual_seed(seed)
    logits = torch.randn(1, 6, 3, 4) * 5
    found = ClassGroups(Groups(6, (tuple(sorted(channels)),)))(logits)
    assert found.shape == (1, 1, 3, 4)
    expected = logits.softmax(1)[:, sorted(channels)].sum(1, keepdim=True)
    torch.testing.assert_close(found.sigmoid(), expected, atol=1e-5, rtol=1e-3)


@pytest.mark.parametrize("height", [-1e4, -300.0, 0.0, 300.0])
def test_a_label_of_nothing_is_never_drawn_and_nothing_is_no_number(height):
    logits = (torch.randn(1, 6, 8, 8) + height).requires_grad_()
    found = ClassGroups(GROUPS)(logits)
    assert found.isfinite().all()
    assert (found.argmax(1) != 2).all()
    assert found.softmax(1)[:, 2].max() < 1e-12
    torch.nn.functional.cross_entropy(found, torch.ones(1, 8, 8, dtype=torch.long)).backward()
    assert logits.grad is not None
    assert logits.grad.isfinite().all()


@pytest.fixture
def grouped_file(small_recipe: Recipe, tmp_path: Path) -> Path:
    network = spread_network(small_recipe, 5, seed=3)
    path = tmp_path / "grouped.safetensors"
    card = ModelCard(small_recipe, ("top", "bag", "shoes"), 0.5, groups=GROUPS)
    save_model(path, network.state_dict(), card)
    plain = ModelCard(small_recipe, ("a", "b", "c", "d", "e"), 0.5)
    save_model(tmp_path / "plain.safetensors", network.state_dict(), plain)
    return path


def test_a_file_keeps_its_groups(grouped_file):
    assert read_card(grouped_file).groups == GROUPS
    network, _ = load_model(grouped_file)
    theirs, _ = load_model(grouped_file.with_name("plain.safetensors"))
    assert list(network.state_dict()) == list(theirs.state_dict())  # groups have no weights
    photo = torch.rand(1, 3, 64, 64)
    with torch.inference_mode():
        expected = sums(theirs(photo).softmax(1), GROUPS)
        torch.testing.assert_close(network(photo).softmax(1), expected, atol=1e-5, rtol=1e-4)


def test_a_card_without_groups_says_nothing_of_them(grouped_file):
    assert b'"groups"' not in grouped_file.with_name("plain.safetensors").read_bytes()[:20_000]
    assert read_card(grouped_file.with_name("plain.safetensors")).groups is None


def test_both_runtimes_give_the_sums(grouped_file, tmp_path):
    converted = tmp_path / "converted.safetensors"
    convert(grouped_file, converted)
    photos = np.random.default_rng(0).integers(0, 256, (2, 3, 64, 96), dtype=np.uint8)
    plain = TorchRuntime(grouped_file.with_name("plain.safetensors"), device="cpu")
    expected = sums(torch.from_numpy(plain.run("", photos).probabilities), GROUPS).numpy()
    for runtime in (TorchRuntime(grouped_file, device="cpu"), OpenVinoRuntime(converted)):
        np.testing.assert_allclose(runtime.run("", photos).probabilities, expected, atol=1e-3)


@pytest.mark.parametrize("name", ["mannequin-simple", "fpn"])
def test_groups_fit_other_networks(small_recipe, name):
    network = small_recipe.network.model_copy(
        update={"architecture": name, "options": {}, "encoder": "mobilenet_v2"}
    )
    model = build_network(network, 3, GROUPS).eval()
    with torch.inference_mode():
        assert model(torch.zeros(1, 3, 64, 64)).shape == (1, 4, 64, 64)


def test_a_grown_head_draws_as_before(small_recipe):
    torch.manual_seed(0)
    small = build_network(small_recipe.network, 2).eval()
    grown = build_network(small_recipe.network, 3, Groups(4, ((1,), (2,), (3,)))).eval()
    grown.load_state_dict(grown_head(small.state_dict(), 1))
    photo = torch.randn(1, 3, 64, 64)
    with torch.inference_mode():
        before, after = small(photo), grown(photo)
    torch.testing.assert_close(after[:, :3], before)
    torch.testing.assert_close(after[:, 3], before[:, 0] - 3.0)


def test_one_output_becomes_two_channels_of_the_same_probability(small_recipe):
    torch.manual_seed(0)
    small = build_network(small_recipe.network, 1).eval()
    grown = build_network(small_recipe.network, 2, Groups(3, ((1,), (2,)))).eval()
    grown.load_state_dict(grown_head(small.state_dict(), 1))
    photo = torch.randn(1, 3, 64, 64)
    with torch.inference_mode():
        before, after = small(photo).sigmoid(), grown(photo)
    torch.testing.assert_close(after[:, :2].softmax(1)[:, 1:], before)
    assert (after.argmax(1) != 2).all()
