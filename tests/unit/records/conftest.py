"""The configuration of the small study whose records are tested."""

from typing import Any

import pytest
import yaml
from small_records import CONFIG


@pytest.fixture
def document() -> dict[str, Any]:
    """A fresh copy, to be changed at will."""
    return dict(yaml.safe_load(CONFIG))
