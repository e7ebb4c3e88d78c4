"""Every setting, its default and its meaning. Import from here.

`service.py` has those of what runs where and `learning.py` those of the loop; `settings.py` puts
them together and says what follows from them. `types.py`, `files.py` and `errors.py` are how values
are read, and what is said of wrong ones.
"""

from hemline.settings.service import Device, RuntimeName
from hemline.settings.settings import Settings, get_settings

__all__ = ["Device", "RuntimeName", "Settings", "get_settings"]
