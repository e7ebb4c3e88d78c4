"""The database itself: engine, schema version, column types, JSON, and artifacts by digest.

Nothing here knows a table. `tables/` stands on it.
"""
