"""What the tests of ImageNet's archive and of decoding share."""

from pathlib import Path

import pytest
import tiny_ilsvrc as tiny

from advdim.datasets.imagenet import decoding


@pytest.fixture
def tars(tmp_path: Path) -> Path:
    """The tiny archive as tars."""
    tiny.write_tars(tmp_path)
    return tmp_path


@pytest.fixture(params=["simplejpeg", "Pillow"])
def engine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Once as installed, once as on a platform without simplejpeg."""
    if request.param == "Pillow":
        monkeypatch.setattr(decoding, "simplejpeg", None)
    elif decoding.simplejpeg is None:
        pytest.skip("simplejpeg is not installed")
    return str(request.param)
