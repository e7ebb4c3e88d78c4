"""Charts as SVG, drawn on the server: no script, no inline style, colours from the style sheet."""
