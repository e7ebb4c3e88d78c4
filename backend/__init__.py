"""The HTTP side: Label Studio's ML protocol, webhooks, the dashboard, health and metrics.

`protocol/` speaks with Label Studio, `serving/` answers predictions, `dashboard/` is for people,
`monitoring/` for probes and Prometheus. `services.py` wires it, `server.py` runs it. It never
trains; it sends the worker tasks by name.
"""
