"""Clicks and boxes of Label Studio's smart tools: what is asked, what is drawn, what is answered.

`context.py` reads the context of an interactive request, `drawn.py` finds the region it is about in
the task's drafts, annotations and predictions, `answer.py` writes the region that takes its place.
"""
