"""Label Studio's changes into the store: webhook deliveries, and what they lost.

Start at `inbox.py` (deliveries, which `in_turn.py` works on) or `reconcile.py` (polling); both end
in `record_annotation.py`.
"""
