"""Clicks: a person points at what is wrong with a mask, and the mask follows.

`refiner` is what others call. `windows` is what the network sees, `network` what it is, and `merge`
what of its answer is taken. `training` trains it on `drafts`, masks that are wrong on purpose, by
clicks that `next_click` sets as a person would. Torch is for `network`, `click_file`,
`torch_clicks`, `convert_clicks` and `training` alone.
"""
