"""The click refiner of this installation, ready to answer."""

from hemline.prefill.conversions import Conversions
from hemline.segmentation.clicks.refiner import ClickRefiner
from hemline.settings import Settings
from hemline.store.database.artifacts import ArtifactStore
from hemline.store.database.engine import Store


def open_click_refiner(store: Store, artifacts: ArtifactStore, settings: Settings) -> ClickRefiner:
    """Loads the click network, converted for this machine's runtime; the first time takes seconds.

    Raises:
        ModelError: its file is missing or was changed, or it cannot run as HEMLINE_RUNTIME asks.
    """
    conversions = Conversions(store, artifacts, settings)
    conversions.prepare_clicks()
    return ClickRefiner(conversions.open_clicks())
