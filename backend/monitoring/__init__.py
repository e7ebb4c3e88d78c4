"""For orchestrators and Prometheus: probes, metrics, and figures read from the store.

`probes.py` answers /livez, /readyz and /metrics; `metrics.py` counts what this process does and
`progress.py` reads what the store knows. `broker.py` and `storage.py` look at what the backend
depends on, so that no probe waits for it. `hemline doctor` looks deeper: `worker/doctor`.
"""
