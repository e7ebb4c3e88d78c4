"""Garment photos drawn by program, with exact truth and, where asked for, known faults."""
