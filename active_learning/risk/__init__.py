"""Label risk: how likely a label is wrong, learnt from faults planted on purpose."""
