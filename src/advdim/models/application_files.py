"""The files of weights that the user brings: whether they are there, told without TensorFlow."""

from pathlib import Path

SUFFIX = ".h5"
SIGNATURE = b"\x89HDF\r\n\x1a\n"
"""The first bytes of every HDF5 file without a user block."""


def needs(weights: str | Path) -> str | None:
    """Say what is missing for a net with given weights.

    Args:
        weights: where the file of weights is expected.

    Returns:
        None if an HDF5 file lies there; otherwise a clause that goes on after "needs".
    """
    path = Path(weights)
    wanted = f"a file of weights as Keras publishes them (HDF5, name ending in {SUFFIX}) at {path}"
    if path.suffix != SUFFIX:
        return f"{wanted}, whose name ends otherwise"
    try:
        with path.open("rb") as stream:
            start = stream.read(len(SIGNATURE))
    except OSError as error:
        return f"{wanted} ({error.strerror}; nothing is downloaded)"
    return None if start == SIGNATURE else f"{wanted}, where a file of another format lies"
