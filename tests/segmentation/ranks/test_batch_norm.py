"""BatchNorm with statistics over all processes is BatchNorm, in a group of one at least."""

from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path

import pytest
import torch
import torch.distributed as dist
from torch import nn

from hemline.errors import RecipeError
from hemline.segmentation.ranks.batch_norm import check_statistics, share_statistics


@pytest.fixture
def group(tmp_path: Path) -> Iterator[None]:
    dist.init_process_group("gloo", init_method=f"file://{tmp_path / 'file'}", rank=0, world_size=1)
    yield
    dist.destroy_process_group()


@pytest.mark.parametrize("momentum", [0.1, None])
def test_outputs_slopes_and_statistics_are_the_library_s(
    group: None, momentum: float | None
) -> None:
    torch.manual_seed(0)
    plain = nn.Sequential(nn.BatchNorm2d(3, momentum=momentum), nn.Conv2d(3, 2, 1))
    nn.init.normal_(plain[0].weight)  # type: ignore[arg-type]
    shared = deepcopy(plain)
    share_statistics(shared)
    maps = torch.randn(4, 3, 5, 6) * 3 + 100  # far from 0: squares alone would lose the variance
    for _ in range(2):
        found = []
        for network in (plain, shared):
            given = maps.clone().requires_grad_()
            network.zero_grad()
            network(given).square().sum().backward()
            slopes = [value.grad for value in network.parameters()]
            found.append([network(maps), given.grad, *slopes])
        for ours, theirs in zip(*found, strict=True):
            torch.testing.assert_close(ours, theirs, rtol=1e-3, atol=1e-3)
    assert shared.state_dict().keys() == plain.state_dict().keys()
    for ours, theirs in zip(shared.buffers(), plain.buffers(), strict=True):
        torch.testing.assert_close(ours, theirs)
    torch.testing.assert_close(shared.eval()(maps), plain.eval()(maps))


@pytest.mark.parametrize(
    "layer", [nn.BatchNorm1d(2), nn.BatchNorm2d(2, affine=False), nn.SyncBatchNorm(2)]
)
def test_other_layers_of_its_kind_are_refused_by_name(layer: nn.Module) -> None:
    check_statistics(nn.Sequential(nn.BatchNorm2d(2), nn.GroupNorm(1, 2)))
    with pytest.raises(RecipeError, match=f"{type(layer).__name__} layers.*network.encoder"):
        check_statistics(nn.Sequential(layer))
