"""Charts as SVG, drawn on the server: no script, no inline style, colours from the style sheet.

Each file is one kind of chart on `canvas.py`, which escapes every text. A chart comes with the
table behind it, so that nothing is told by a picture alone. Knows numbers and words only; pages
in `../pages` and `../review` say what is drawn, `templates/dashboard/parts.html` shows it.
"""
