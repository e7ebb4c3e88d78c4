"""Masks in: masks that a studio already has, as annotations or predictions in Label Studio."""
