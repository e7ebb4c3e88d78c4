"""Label Studio's side of things: its messages, label config, regions, client and server."""
