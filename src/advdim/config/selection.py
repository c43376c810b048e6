"""Which configuration a run reads: ``params.yaml`` names it, for Snakemake, DVC and the command line alike."""

from pathlib import Path

from advdim.config.reading import read_yaml
from advdim.errors import AdvdimError

PARAMS = Path("params.yaml")


def selected_config() -> Path:
    """The path that stands under ``config`` in ``params.yaml``.

    Raises:
        AdvdimError: the file is missing or names nothing.
    """
    params = read_yaml(PARAMS, remedy="run this in the root of the project")
    if not isinstance(params, dict) or not isinstance(params.get("config"), str):
        raise AdvdimError(f"{PARAMS}: names no configuration; expected a line like `config: config/laptop.yaml`")
    return Path(params["config"])
