"""Pictures for people: photos with what is known of their masks drawn over them, kept on disk.

`specs.py` says what a picture of a task is made from, `picture.py` makes it with `paint.py`,
`cache.py` keeps it under the digest of what it was made from, and `routes.py` serves it. Reads
photos through `hemline/labelstudio/photos` and masks from the artifact store; only the dashboard
uses it.
"""
