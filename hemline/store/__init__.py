"""The store: tables, units of work, queries and artifacts; the only package that speaks SQL.

`database/` opens the database, keeps its schema up to date and stores artifacts; `tables/` says
what is remembered; `loop/` reads and writes what moves the loop, `models/` what it leads to,
`shadow/` what people's corrections decide on, `review/` the review order, and `reports/` what
people are shown. It imports labelstudio, datasets and masks; prefill, export, active_learning,
worker and backend stand on it.
"""
