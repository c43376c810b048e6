"""Named seeds: every random draw has a name, and the same name gives the same numbers on every machine."""

import hashlib


def named_seed(seed: int, *names: str | int) -> tuple[int, int]:
    """Derive two independent 31-bit integers from a root seed and the name of a draw.

    Args:
        seed: root seed of the run, any integer.
        names: what is drawn, from the general to the particular, for example ``("starts", "manifold")``.

    Returns:
        Two integers in [0, 2**31), the form that TensorFlow's stateless generators take; NumPy's take them as a list.
    """
    text = "/".join(str(part) for part in (seed, *names))
    digest = hashlib.sha256(text.encode()).digest()
    first, second = (int.from_bytes(digest[i : i + 4], "big") >> 1 for i in (0, 4))
    return first, second
