"""`hemline doctor`: looks at each part of an installation, changes nothing, names the way out."""
