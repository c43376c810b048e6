"""Twelve real photographs that lie inside the installed packages scikit-image and scikit-learn.

The files are read where the package manager put them. Nothing is downloaded: the loading functions of
``skimage.data`` are not used, because they fetch a file from the network when it is missing. Sources, authors and
licences are told in ``docs/photographs.md``.
"""

import hashlib
import io
from dataclasses import dataclass
from importlib import resources
from importlib.metadata import PackageNotFoundError, version

import numpy as np
import numpy.typing as npt
from PIL import Image, UnidentifiedImageError

from advdim.errors import AdvdimError

_DISTRIBUTIONS = {"skimage": "scikit-image", "sklearn": "scikit-learn"}


@dataclass(frozen=True)
class Photograph:
    """A photograph inside an installed package.

    Attributes:
        name: name of the photograph, and of its class.
        package: import name of the package that ships it.
        file: path of the file below the package's folder, with forward slashes.
        sha256: hexadecimal SHA-256 digest of the file.
        height: height in pixels.
        width: width in pixels.
        licence: the licence in the words of the package that ships it.
    """

    name: str
    package: str
    file: str
    sha256: str
    height: int
    width: int
    licence: str


PHOTOGRAPHS: tuple[Photograph, ...] = (
    Photograph(
        name="astronaut",
        package="skimage",
        file="data/astronaut.png",
        sha256="88431cd9653ccd539741b555fb0a46b61558b301d4110412b5bc28b5e3ea6cb5",
        height=512,
        width=512,
        licence="public domain",
    ),
    Photograph(
        name="camera",
        package="skimage",
        file="data/camera.png",
        sha256="b0793d2adda0fa6ae899c03989482bff9a42d3d5690fc7e3648f2795d730c23a",
        height=512,
        width=512,
        licence="CC0",
    ),
    Photograph(
        name="chelsea",
        package="skimage",
        file="data/chelsea.png",
        sha256="596aa1e7cb875eb79f437e310381d26b338a81c2da23439704a73c4651e8c4bb",
        height=300,
        width=451,
        licence="CC0",
    ),
    Photograph(
        name="china",
        package="sklearn",
        file="datasets/images/china.jpg",
        sha256="8378025ad2519d649d02e32bd98990db4ab572357d9f09841c2fbfbb4fefad29",
        height=427,
        width=640,
        licence="CC BY 2.0",
    ),
    Photograph(
        name="coffee",
        package="skimage",
        file="data/coffee.png",
        sha256="cc02f8ca188b167c775a7101b5d767d1e71792cf762c33d6fa15a4599b5a8de7",
        height=400,
        width=600,
        licence="CC0",
    ),
    Photograph(
        name="flower",
        package="sklearn",
        file="datasets/images/flower.jpg",
        sha256="a77f6ec41e353afdf8bdff2ea981b2955535d8d83294f8cfa49cf4e423dd5638",
        height=427,
        width=640,
        licence="CC BY 2.0",
    ),
    Photograph(
        name="grass",
        package="skimage",
        file="data/grass.png",
        sha256="b6b6022426b38936c43a4ac09635cd78af074e90f42ffa8227ac8b7452d39f89",
        height=512,
        width=512,
        licence="CC0",
    ),
    Photograph(
        name="gravel",
        package="skimage",
        file="data/gravel.png",
        sha256="c48615b451bf1e606fbd72c0aa9f8cc0f068ab7111ef7d93bb9b0f2586440c12",
        height=512,
        width=512,
        licence="CC0",
    ),
    Photograph(
        name="hubble_deep_field",
        package="skimage",
        file="data/hubble_deep_field.jpg",
        sha256="3a19c5dd8a927a9334bb1229a6d63711b1c0c767fb27e2286e7c84a3e2c2f5f4",
        height=872,
        width=1000,
        licence="public domain",
    ),
    Photograph(
        name="immunohistochemistry",
        package="skimage",
        file="data/ihc.png",
        sha256="f8dd1aa387ddd1f49d8ad13b50921b237df8e9b262606d258770687b0ef93cef",
        height=512,
        width=512,
        licence="no known copyright restrictions",
    ),
    Photograph(
        name="retina",
        package="skimage",
        file="data/retina.jpg",
        sha256="38a07f36f27f095e818aea7b96d34202c05176d30253c66733f2e00379e9e0e6",
        height=1411,
        width=1411,
        licence="CC0",
    ),
    Photograph(
        name="rocket",
        package="skimage",
        file="data/rocket.jpg",
        sha256="c2dd0de7c538df8d111e479619b129464d0269d0ae5fd18ca91d33a7fdfea95c",
        height=427,
        width=640,
        licence="public domain",
    ),
)
"""The twelve photographs, by name; the position of a photograph is the label of its class."""


def load(photograph: Photograph) -> npt.NDArray[np.uint8]:
    """Read a photograph from its package, check it and decode it.

    Greyscale photographs get three equal channels.

    Args:
        photograph: which one.

    Returns:
        Shape (height, width, 3), uint8, RGB.

    Raises:
        AdvdimError: the package or the file is missing, or the file is not the one whose digest is recorded.
    """
    content = _read(photograph)
    digest = hashlib.sha256(content).hexdigest()
    if digest != photograph.sha256:
        raise AdvdimError(
            f"The photograph '{photograph.name}' in {photograph.package}/{photograph.file} is not the file that this "
            f"dataset was made of: its SHA-256 is {digest}, expected {photograph.sha256}; "
            f"{_advice(photograph.package)}"
        )
    try:
        with Image.open(io.BytesIO(content)) as image:
            return np.array(image.convert("RGB"), dtype=np.uint8)
    except UnidentifiedImageError as error:
        raise AdvdimError(
            f"The photograph '{photograph.name}' in {photograph.package}/{photograph.file} cannot be decoded, expected "
            "a PNG or JPEG image: install a build of Pillow with support for both"
        ) from error


def _read(photograph: Photograph) -> bytes:
    """Read the bytes of a photograph's file."""
    place = f"{photograph.package}/{photograph.file}"
    try:
        return resources.files(photograph.package).joinpath(photograph.file).read_bytes()
    except ModuleNotFoundError as error:
        raise AdvdimError(
            f"The photograph '{photograph.name}' is expected in {place}, but the package '{photograph.package}' is not "
            f"installed in this environment; {_advice(photograph.package)}"
        ) from error
    except OSError as error:
        raise AdvdimError(
            f"The photograph '{photograph.name}' is expected in {place}, but the installed package holds no such "
            f"readable file; {_advice(photograph.package)}"
        ) from error


def _advice(package: str) -> str:
    """Say how to get a package that holds the right files."""
    distribution = _DISTRIBUTIONS.get(package, package)
    try:
        found = f"installed is {version(distribution)}"
    except PackageNotFoundError:
        found = "none is installed"
    return f"install {distribution} at the version that requirements.lock names ({found})"
