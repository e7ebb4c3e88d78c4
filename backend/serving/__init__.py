"""Predictions while somebody waits: networks in memory, who is let in, and what is handed over."""
