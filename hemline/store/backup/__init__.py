"""Backups: the rows of one moment and the artifacts they name, out of any database into any.

`take.py` makes one while Hemline works, `restore.py` brings one into an empty database after all
of it was checked, `commands.py` are `hemline backup` and `hemline restore`. It copies whole
tables and knows nothing of what they mean; which artifacts rows name says `../reports`.
"""
