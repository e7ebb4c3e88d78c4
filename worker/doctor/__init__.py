"""`hemline doctor`: looks at each part of an installation, changes nothing, names the way out.

`examine.py` has the checks in order, each in a file of its own; `look.py` runs one within its
time and `diagnosis.py` is what it finds. The command is in `../commands/doctor.py`. Whether what
was stored is whole is checked by `hemline verify` (`../verify.py`).
"""
