"""Networks by the names that recipes give them.

`build.py` makes one, with the weights it begins from; networks that no library has are in files
of their own. It knows a recipe's `network` part and torch, nothing of data or training: those are
in `../input` and `../training`. The network for clicks is in `../clicks`.
"""
