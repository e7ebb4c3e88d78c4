"""`hemline rank` on plain folders of photos and masks, and the risk model that ships.

No store and no Label Studio: files in, active_learning called, an order out.
"""
