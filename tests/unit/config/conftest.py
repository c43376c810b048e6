"""A small configuration."""

import pytest
from small_config import Document


@pytest.fixture
def document() -> Document:
    """A small, correct configuration to spoil."""
    return {
        "scale": "test",
        "dataset_seed": 0,
        "threads": 1,
        "datasets": {
            "balls": {"kind": "spheres", "dimension": 20},
            "digits": {"kind": "digits", "classes": [2, 3, 4]},
            "boxes": {"kind": "toy_classes", "dimension": 2},
        },
        "models": {"net": {"kind": "relu"}, "line": {"kind": "linear"}},
        "training": {"adam": {"kind": "gradient", "steps": 10}, "svm": {"kind": "svm_path"}},
        "attacks": {"walk": {"kind": "manifold"}, "climb": {"kind": "iterative"}},
        "statistics": {"pairs": {"kind": "pair_distance"}, "tilts": {"kind": "toy_tilt"}},
        "experiments": {"e": {"study": "spheres", "datasets": ["balls"], "models": ["net"], "training": ["adam"]}},
    }
