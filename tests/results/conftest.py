"""What the tests of the judges share."""

from pathlib import Path

import pytest
from made_up_study import Study


@pytest.fixture
def study(tmp_path: Path) -> Study:
    """A study of made-up tables, still empty."""
    return Study(tmp_path)
