"""The whole loop on one machine: Label Studio, backend and worker in one folder."""
