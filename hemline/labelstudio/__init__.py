"""Label Studio's side: its messages, label config, regions, client and server.

`photos/` fetches a task's photo within limits, `project/` reads and writes a project's label config
and tabs. It imports masks and settings, never the store.
"""
