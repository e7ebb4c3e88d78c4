"""A Label Studio project: its label config, its tabs, and how it is connected to Hemline."""
