"""What Label Studio calls: /predict, /setup, /webhook; who may call, and how bodies are read.

One file an endpoint. Requests are checked by `auth.py`, read within limits by `bodies.py` and
parsed by `hemline/labelstudio/messages.py`; masks come from `../serving`, and what is to be done
later is stored and sent to the worker by name. Nothing here runs a network.
"""
