"""A small configuration, written to a file and loaded."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from advdim.config.experiments import Config
from advdim.config.loading import load_config
from advdim.errors import AdvdimError

Document = dict[str, Any]


def loaded(folder: Path, document: Document, only: str | None = None) -> Config:
    path = folder / "right.yaml"
    path.write_text(yaml.safe_dump(document), encoding="utf-8")
    return load_config(path, only)


def message_of(folder: Path, content: object) -> str:
    path = folder / "spoilt.yaml"
    path.write_text(content if isinstance(content, str) else yaml.safe_dump(content), encoding="utf-8")
    with pytest.raises(AdvdimError) as caught:
        load_config(path)
    message = str(caught.value)
    assert message.startswith(f"{path}")
    return message
