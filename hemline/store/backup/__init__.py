"""Backups: the rows of one moment and the artifacts they name, out of any database into any."""
