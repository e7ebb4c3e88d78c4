"""What the first process hands to the others: one network to train, with its photos."""

from dataclasses import dataclass

from hemline.segmentation.groups import Groups
from hemline.segmentation.input.pixel_cache import CacheFile
from hemline.segmentation.recipe.recipe import Recipe


@dataclass(frozen=True, slots=True)
class NetworkJob:
    """As Trainer takes them; weights and progress follow once the first process has them."""

    recipe: Recipe
    labels: tuple[str, ...]
    groups: Groups | None
    data: CacheFile
    held: CacheFile
    fine_tune: bool
