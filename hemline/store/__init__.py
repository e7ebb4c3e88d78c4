"""The store: tables, units of work, queries and artifacts; the only place that speaks SQL."""
