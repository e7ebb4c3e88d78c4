"""Pre-filling: the one way a task gets its prediction, when it is opened and in the pool alike.

`prefill.py` does it; `project_config.py` brings a project's label config into the store. It stands
on store, segmentation and labelstudio; worker and backend call it.
"""
