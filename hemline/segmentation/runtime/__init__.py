"""What runs the networks of a model file: PyTorch on CPU and GPU, or OpenVINO on a CPU.

`runtime.py` says what a runtime does, `torch_runtime.py` and `openvino_runtime.py` do it, and
`choice.py` says which of them it is here. `convert.py` makes of a model file what OpenVINO runs, in
the form of `converted_file.py`; it is the only part that needs both libraries. Nothing but
`torch_runtime.py`, `whole_network.py` and `convert.py` imports torch, so that a process that serves
with OpenVINO does without it.
"""
