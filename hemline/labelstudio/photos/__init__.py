"""A task's photo: which addresses may be fetched, how, and where it is kept.

`photos.py` is what others call. `address.py` judges an address before anything is opened,
`web.py` fetches from other hosts within limits, `cache.py` keeps what was fetched by its digest.
Bytes only: they become pixels in `hemline/images.py`.
"""
