"""Review: flagged cut-outs, one image, verdicts, and what causes bad masks.

Pages in the same form as `backend.dashboard.pages`; the order they show is computed by
`worker.review` and read through `hemline.store.review`.
"""
