"""Recipes: what their keys are made of."""

import dataclasses

import pytest

from advdim.artefacts.keys import canonical_json
from advdim.plan.recipe import Recipe


def test_the_canonical_document_keeps_names_and_values_together() -> None:
    assert canonical_json({"eps": 1, "steps": 2}) == canonical_json({"steps": 2, "eps": 1})
    assert canonical_json({"eps": 1, "steps": 2}) != canonical_json({"eps": 2, "steps": 1})
    with pytest.raises(ValueError, match="JSON"):
        canonical_json({"eps": float("nan")})


@pytest.mark.parametrize("field", [field.name for field in dataclasses.fields(Recipe)])
def test_everything_but_name_and_cost_is_part_of_the_key(field: str) -> None:
    needed = Recipe("datasets", "d", "entry", {}, 0, {}, "code", {})
    recipe = Recipe("models", "m", "entry", {"a": 1}, 0, {"threads": 1}, "code", {"numpy": "2"}, {"dataset": needed})
    others = {
        "stage": "attacks",
        "settings": {"a": 2},
        "seed": 1,
        "execution": {"threads": 2},
        "libraries": {"numpy": "3"},
        "inputs": {"dataset": dataclasses.replace(needed, seed=1)},
        "seconds": 9.0,
    }
    other = dataclasses.replace(recipe, **{field: others.get(field, "other")})
    assert (other.key == recipe.key) == (field in ("name", "seconds"))
