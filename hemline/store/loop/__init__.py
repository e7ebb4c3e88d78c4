"""Reads and writes of the loop: projects, tasks, annotations, predictions, runs, models, jobs.

Each file is one table's rows and the rules they follow. What is shown of them is in `reports/`,
the review order in `review/`.
"""
