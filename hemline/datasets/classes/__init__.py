"""Class lists, the vocabularies of published data sets, and what a source's classes become.

`vocabularies.py` has the classes as they were published, `class_lists.py` the lists that a
training may ask for by name, and `classes.py` maps one onto the other. Names and numbers only;
the readers in `../readers` apply the maps to masks.
"""
