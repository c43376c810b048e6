"""What trainings that nothing disturbed leave behind."""

from collections.abc import Callable

import pytest
from small_trainings import trained


@pytest.fixture(scope="session")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], dict[str, bytes]]:
    """The files of a training that nothing disturbed, made once for each kind."""
    made: dict[str, dict[str, bytes]] = {}

    def files(kind: str) -> dict[str, bytes]:
        if kind not in made:
            made[kind] = trained(kind, tmp_path_factory.mktemp("undisturbed"))
        return made[kind]

    return files
