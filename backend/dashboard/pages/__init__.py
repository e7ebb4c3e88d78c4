"""The dashboard's pages, a file each, and what their sentences are made of.

A page registers its routes and renders a template of its name from `templates/dashboard`; the
conventions are in the docstring of `backend.dashboard`. Pages read from `hemline/store/reports`
and hand work to the worker by name. Flagged images and verdicts are in `../review`.
"""
