"""The tasks that are open: predicted with the champion, and sent to Label Studio in bulk."""
