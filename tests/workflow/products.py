"""What a run produces, as bytes to compare."""

import hashlib
import re
from pathlib import Path

PROVENANCE = re.compile(r"<tr><th scope='row'>(Commit|Changes since|Machine|System)</th><td>.*?</td></tr>")


def products(folder: Path, paths: list[str]) -> dict[str, str]:
    """Digest of every file of some artefacts, and of what is published.

    Args:
        folder: a checkout in which a run has ended.
        paths: folders of artefacts, relative to it.

    Returns:
        SHA-256 by path. The lines of the front page that tell commit and machine are left out: they say where a copy
        was published.
    """
    files = [file for path in paths for file in (folder / path).rglob("*") if file.is_file()]
    files += [file for file in (folder / "reports").iterdir() if not file.name.startswith(".")]
    return {str(file.relative_to(folder)): _digest(file) for file in sorted(files)}


def _digest(file: Path) -> str:
    content = file.read_bytes()
    if file.suffix == ".html":
        content = PROVENANCE.sub("", content.decode()).encode()
    return hashlib.sha256(content).hexdigest()
