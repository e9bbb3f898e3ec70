"""One recipe a framework."""

from deployr.states import Framework

from . import laravel, nextjs, static
from .recipe import App, Maintenance, Recipe, Ship

RECIPES: dict[Framework, Recipe] = {
    recipe.framework: recipe for recipe in (laravel.RECIPE, nextjs.RECIPE, static.RECIPE)
}

__all__ = ["RECIPES", "App", "Maintenance", "Recipe", "Ship"]
