"""Reads and writes of the loop: projects, tasks, annotations, predictions, deliveries, jobs.

Each file is one table's rows and the rules they follow. What corrections become is in `models/`,
what people are shown of it in `reports/`, the review order in `review/`.
"""
