"""The recipe of a run: the project's own, or with the networks that a follow-up tries or has won
with."""

from typing import Any

from hemline.segmentation.recipe.parts import Bagging, Specialists
from hemline.segmentation.recipe.recipe import Recipe, load_recipe, parse_recipe
from hemline.settings import Settings
from hemline.store.states import RunTrigger
from hemline.store.tables.loop import ModelVersion, Project


def recipe_of_project(project: Project, settings: Settings) -> Recipe:
    """The recipe that the project's corrections are trained with."""
    return load_recipe(project.recipe or settings.recipe)


def recipe_of_run(
    recipe: Recipe, trigger: RunTrigger, parent: ModelVersion | None, settings: Settings
) -> Recipe:
    """The project's recipe with what this run adds to it.

    A bag or specialists are added by a follow-up that tries them; and by every training while the
    champion, `parent`, is such a one and the setting is on, so that like is compared with like and
    each network goes on from its own. A recipe that has one of them itself stays as it is.

    Raises:
        RecipeError: the recipe cannot have what the follow-up is to try.
    """
    if recipe.bagging or recipe.specialists:
        return recipe
    won = parent.recipe if parent is not None else {}
    if trigger is RunTrigger.BAGGING:
        return _with(recipe, bagging={"folds": folds(settings)})
    if trigger is RunTrigger.SPECIALISTS:
        return _with(recipe, specialists={"least": least_garments(settings)})
    if settings.bagging and won.get("bagging"):
        return _with(recipe, bagging={"folds": folds(settings)})
    if settings.specialists and won.get("specialists") and recipe.second_pass is None:
        return _with(recipe, specialists={"least": least_garments(settings)})
    return recipe


def folds(settings: Settings) -> int:
    """Networks of a bag: the setting's, or a recipe's default where somebody asks for one."""
    return settings.bagging or Bagging().folds


def least_garments(settings: Settings) -> int:
    """Garments of a type that a network of its own takes, likewise."""
    return settings.specialists or Specialists().least


def _with(recipe: Recipe, **parts: dict[str, Any]) -> Recipe:
    return parse_recipe({**recipe.model_dump(mode="json"), **parts}, source=recipe.name)
