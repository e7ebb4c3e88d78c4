"""Traces: which work belongs to one opening or one correction, and where its time went.

`spans.py` is what code that is traced calls; it costs nothing until recording begins. `record.py`
begins and ends it for a process, and `open_telemetry.py`, the only module that imports
OpenTelemetry, hands what was recorded to a collector. `deliveries.py` keeps a webhook's trace.
Figures are Prometheus's: `backend/monitoring`.
"""
