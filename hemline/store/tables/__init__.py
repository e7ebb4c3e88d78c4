"""What Hemline remembers, as SQLAlchemy tables: the loop's, and those of reviewing.

Queries are in `loop/`, `review/` and `reports/`.
"""
