"""The device that a network runs on, by the name a person gave."""

import torch

from hemline.errors import ModelError

DEVICES = ("auto", "cpu", "cuda")


def choose_device(name: str) -> str:
    """Cpu or cuda; "auto" takes the GPU where there is one.

    Raises:
        ModelError: there is no such device here.
    """
    if name not in DEVICES:
        raise ModelError(f"unknown device '{name}'; choose from {', '.join(DEVICES)}")
    there_is_one = torch.cuda.is_available()
    if name == "cuda" and not there_is_one:
        raise ModelError("device 'cuda' was asked for, but PyTorch finds no GPU; give cpu or auto")
    return "cuda" if there_is_one and name != "cpu" else "cpu"
