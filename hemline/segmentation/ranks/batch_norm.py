"""BatchNorm over the photos of all processes, so that a divided batch is normalised as a whole one.

torch.nn.SyncBatchNorm does so on GPUs alone; this one works on any device that has all_reduce.
"""

from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from hemline.errors import RecipeError

_OVER = (0, 2, 3)  # photos, rows and columns


def share_statistics(network: nn.Module) -> None:
    """Has the network's BatchNorm layers, in place, take their statistics over all processes.

    Names and values of its state stay, and it predicts as before.
    """
    for layer in network.modules():
        if isinstance(layer, nn.BatchNorm2d):
            layer.__class__ = SharedBatchNorm


def check_statistics(network: nn.Module) -> None:
    """Raises RecipeError where a layer's statistics cannot be taken over several processes."""
    for layer in network.modules():
        kept = isinstance(layer, _BatchNorm) and layer.affine and layer.track_running_stats
        if isinstance(layer, _BatchNorm) and not (kept and type(layer) is nn.BatchNorm2d):
            raise RecipeError(
                f"the network has {type(layer).__name__} layers, whose statistics cannot be taken "
                "over several processes; choose another network.encoder, or train on one device"
            )


class SharedBatchNorm(nn.BatchNorm2d):
    """BatchNorm of maps `(N, C, H, W)`, in training over the photos that all processes have.

    Source: Ioffe and Szegedy 2015, arXiv:1502.03167, with sums over processes.
    """

    def forward(self, input: Tensor) -> Tensor:
        if not self.training:
            return super().forward(input)
        out, mean, variance, count = _Normalise.apply(input, self.weight, self.bias, self.eps)
        self._remember(mean, variance * (count / (count - 1).clamp(min=1)))
        normalised: Tensor = out
        return normalised

    @torch.no_grad()
    def _remember(self, mean: Tensor, variance: Tensor) -> None:
        """Keeps the running statistics; the variance is the unbiased one, as the library's is."""
        assert self.num_batches_tracked is not None
        assert self.running_mean is not None
        assert self.running_var is not None
        self.num_batches_tracked.add_(1)
        share = self.momentum
        if share is None:
            share = 1 / float(self.num_batches_tracked)
        self.running_mean.lerp_(mean, share)
        self.running_var.lerp_(variance, share)


class _Normalise(torch.autograd.Function):
    """Normalises with means and variances `(C,)` over all processes, in 32 bits."""

    @staticmethod
    def forward(ctx: Any, maps: Tensor, weight: Tensor, bias: Tensor, eps: float) -> Any:
        wide = maps.float()
        own = wide.new_full((1,), maps.numel() / maps.shape[1])
        sums = torch.cat([wide.sum(_OVER), own])
        dist.all_reduce(sums)
        mean, count = sums[:-1] / sums[-1], sums[-1]
        centred = wide - _wide(mean)
        variance = centred.square().sum(_OVER)
        dist.all_reduce(variance)
        variance /= count
        scale = torch.rsqrt(variance + eps)
        ctx.save_for_backward(maps, weight, mean, scale, count)
        ctx.mark_non_differentiable(mean, variance, count)
        out = centred * _wide(scale * weight) + _wide(bias)
        return out.to(maps.dtype), mean, variance, count

    @staticmethod
    def backward(ctx: Any, *slopes: Any) -> Any:
        maps, weight, mean, scale, count = ctx.saved_tensors
        slope = slopes[0].float()
        normalised = (maps.float() - _wide(mean)) * _wide(scale)
        own = torch.stack([slope.sum(_OVER), (slope * normalised).sum(_OVER)])
        everyones = own.clone()
        dist.all_reduce(everyones)
        of_bias, of_weight = everyones / count
        found = slope - _wide(of_bias) - normalised * _wide(of_weight)
        return (found * _wide(scale * weight)).to(maps.dtype), own[1], own[0], None


def _wide(values: Tensor) -> Tensor:
    return values.view(1, -1, 1, 1)
