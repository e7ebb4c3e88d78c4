"""Predictions while somebody waits: networks in memory, who is let in, and what is handed over.

`answer.py` serves one /predict: `admission.py` lets it in, `champion_loader.py` and
`network_cache.py` have the network, `model_thread.py` runs it, `handover.py` gives the worker
what there is no time for. `clicks/` does the same for clicks. How a task gets its prediction is
in `hemline/prefill`, which the worker shares.
"""
