"""For orchestrators and Prometheus: probes, metrics, and figures read from the store."""
