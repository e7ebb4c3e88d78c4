"""Class lists, the vocabularies of published data sets, and what a source's classes become."""
