"""The learning rate over a training: by step, by epoch, or by how well it goes."""

from typing import Any, Protocol

from torch.optim import Optimizer
from torch.optim.lr_scheduler import OneCycleLR

from hemline.errors import ModelError
from hemline.segmentation.recipe.parts import Optimiser

_LESS = 0.5  # what a plateau, or a triangle, leaves of the rate
_LOW = 0.01  # the foot of the triangles, as a share of the rate


class Rates(Protocol):
    """Sets an optimiser's rate; its state goes into the checkpoint."""

    def step(self) -> None: ...

    def end_epoch(self, score: float) -> None: ...

    def state_dict(self) -> dict[str, Any]: ...

    def load_state_dict(self, state: dict[str, Any]) -> None: ...


def build_rates(
    optimiser: Optimizer, options: Optimiser, *, rate: float, epochs: int, steps: int
) -> Rates:
    """The rates of a recipe for `epochs` of `steps` each; `rate` is the highest."""
    if options.policy == "one_cycle":
        return _OneCycle(optimiser, options, rate, epochs, steps)
    return _ByScore(optimiser, options, rate, steps)


class _OneCycle:
    """A warm-up, then a cosine to nearly nothing (Smith & Topin 2017, arXiv:1708.07120)."""

    def __init__(
        self, optimiser: Optimizer, options: Optimiser, rate: float, epochs: int, steps: int
    ) -> None:
        self._epochs, self._steps = epochs, steps
        total = epochs * steps
        warm_up = options.warm_up
        if warm_up * total == 1:  # the library divides by the length of a warm-up, less one step
            warm_up *= 1 - 1e-6
        self._cycle = OneCycleLR(
            optimiser,
            max_lr=rate,
            total_steps=total,
            pct_start=warm_up,
            cycle_momentum=options.name in ("adamw", "adam", "sgd"),
        )

    def step(self) -> None:
        self._cycle.step()

    def end_epoch(self, score: float) -> None:
        """The score changes nothing here."""

    def state_dict(self) -> dict[str, Any]:
        return self._cycle.state_dict()

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Raises ModelError where the state is of another number of epochs: the rates that a
        training has had would be wrong for it."""
        before = state["total_steps"] // self._steps
        if before != self._epochs:
            raise ModelError(
                f"the checkpoint's rate (one_cycle) was laid out for --epochs {before} and not for "
                f"{self._epochs}; resume with --epochs {before}, or fine-tune the finished model "
                "with --initial and another --out"
            )
        self._cycle.load_state_dict(state)


class _ByScore:
    """Constant until the score stands still, which is when the policies part.

    The triangles are Smith's "triangular2" (2015, arXiv:1506.01186).
    """

    def __init__(self, optimiser: Optimizer, options: Optimiser, rate: float, steps: int) -> None:
        self._optimiser, self._options = optimiser, options
        self._top, self._steps = rate, steps
        self._rate = rate
        self._best: float | None = None
        self._waited = 0
        self._cycling = -1  # steps since the triangles began; -1 before
        self._set(rate)

    def step(self) -> None:
        if self._cycling >= 0:
            self._cycling += 1
            half = self._options.rate_patience * self._steps
            cycle, place = divmod(self._cycling, 2 * half)
            low = self._top * _LOW
            top = max(low, self._top * _LESS**cycle)
            self._set(low + (top - low) * (1 - abs(place / half - 1)))

    def end_epoch(self, score: float) -> None:
        if self._best is None or score > self._best:
            self._best, self._waited = score, 0
            return
        self._waited += 1
        if self._waited < self._options.rate_patience or self._cycling >= 0:
            return
        self._waited = 0
        if self._options.policy == "plateau":
            self._set(self._rate * _LESS)
        elif self._options.policy == "plateau_then_triangular":
            self._cycling = 0

    def state_dict(self) -> dict[str, Any]:
        return {
            "rate": self._rate,
            "best": self._best,
            "waited": self._waited,
            "cycling": self._cycling,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self._best, self._waited = state["best"], state["waited"]
        self._cycling = state["cycling"]
        self._set(state["rate"])

    def _set(self, rate: float) -> None:
        self._rate = rate
        for group in self._optimiser.param_groups:
            group["lr"] = rate
