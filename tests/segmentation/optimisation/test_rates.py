"""Rates: each policy's course, and that a checkpoint goes on with it."""

import pytest
import torch
from torch import nn

from hemline.segmentation.optimisation.optimisers import build_optimiser
from hemline.segmentation.optimisation.rates import build_rates
from hemline.segmentation.recipe.parts import Optimiser

STEPS = 4


def course(policy, scores, *, name="sgd", patience=2, resume_after=None):
    """The rate at each step of as many epochs as there are scores."""
    options = Optimiser(name=name, rate=1.0, policy=policy, rate_patience=patience)

    def make():
        optimiser = build_optimiser([nn.Parameter(torch.zeros(1))], options, 1.0)
        return optimiser, build_rates(optimiser, options, rate=1.0, epochs=len(scores), steps=STEPS)

    optimiser, rates = make()
    seen = []
    for epoch, score in enumerate(scores):
        if epoch == resume_after:
            state = (optimiser.state_dict(), rates.state_dict())
            optimiser, rates = make()
            optimiser.load_state_dict(state[0])
            rates.load_state_dict(state[1])
        for _ in range(STEPS):
            seen.append(optimiser.param_groups[0]["lr"])
            optimiser.step()
            rates.step()
        rates.end_epoch(score)
    return seen


def test_constant():
    assert set(course("constant", [0.5] * 6)) == {1.0}


def test_one_cycle_warms_up_and_ends_near_nothing():
    rates = course("one_cycle", [0.5] * 10)
    assert max(rates) == pytest.approx(1.0, rel=0.05)
    assert rates[0] < 0.1
    assert rates[-1] < 0.01


@pytest.mark.parametrize(("warm_up", "steps"), [(0.1, 10), (0.25, 4), (0.5, 2)])
def test_one_cycle_may_warm_up_for_a_single_step(warm_up, steps):
    options = Optimiser(name="sgd", rate=1.0, warm_up=warm_up)
    optimiser = build_optimiser([nn.Parameter(torch.zeros(1))], options, 1.0)
    rates = build_rates(optimiser, options, rate=1.0, epochs=1, steps=steps)
    seen = []
    for _ in range(steps):
        seen.append(optimiser.param_groups[0]["lr"])
        optimiser.step()
        rates.step()
    assert seen[0] == pytest.approx(1.0, abs=0.01)
    assert seen[-1] < 0.01


def test_a_plateau_halves_the_rate_once_a_patience():
    rates = course("plateau", [0.1, 0.2, 0.2, 0.2, 0.2, 0.2, 0.3])
    by_epoch = rates[::STEPS]
    assert by_epoch == [1, 1, 1, 1, 0.5, 0.5, 0.25]


def test_triangles_begin_at_a_plateau_and_decline():
    rates = course("plateau_then_triangular", [0.1, 0.2, 0.2] + [0.2] * 12)
    assert set(rates[: 4 * STEPS]) == {1.0}  # the plateau shows after the fourth epoch
    cycles = rates[4 * STEPS + 1 :]
    half, whole = 2 * STEPS, 4 * STEPS
    assert cycles[half - 1] == pytest.approx(1.0)
    assert cycles[whole - 1] == pytest.approx(0.01)
    assert cycles[whole + half - 1] == pytest.approx(0.5)
    assert min(cycles) > 0


@pytest.mark.parametrize("policy", ["one_cycle", "plateau", "plateau_then_triangular"])
@pytest.mark.parametrize("name", ["adamw", "adam", "rmsprop", "adadelta", "sgd"])
def test_a_checkpoint_goes_on_with_the_course(policy, name):
    scores = [0.1, 0.2, 0.2, 0.2, 0.2, 0.2, 0.2, 0.1]
    whole = course(policy, scores, name=name)
    assert course(policy, scores, name=name, resume_after=5) == pytest.approx(whole)
