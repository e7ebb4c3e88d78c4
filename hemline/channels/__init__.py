"""What shops accept: rule packs, one TOML file a channel, and the checks of finished pictures.

`pack.py` reads a pack, `rule.py` says what a rule is, and `file_rules.py`, `layout_rules.py` and
`surface_rules.py` have the rules by kind. Pictures in, findings out: it knows of no project and
imports `hemline/masks` and `hemline/datasets` only. Cut-outs are laid out and checked for a
channel by `hemline/export`; checks of a mask in its photo are in `active_learning/checks`.
"""
