"""Where the project's own files lie, relative to its root."""

from pathlib import Path

from advdim.errors import AdvdimError

CLAIMS = Path("config/claims.yaml")
NOTEBOOKS = Path("workflow/notebooks")
SOURCES = Path("data/sources")


def require_root() -> None:
    """Refuse to work elsewhere than in the root of the project, to which every path here is relative.

    Raises:
        AdvdimError: the claims, which lie in the root, cannot be read from here.
    """
    try:
        CLAIMS.open("rb").close()
    except OSError as error:
        raise AdvdimError(
            f"{CLAIMS}: cannot be read ({error.strerror}); run advdim from the root of the project, where it lies"
        ) from error


def notebooks_of(page: str) -> tuple[Path, ...]:
    """The notebooks that make up a page, one a chapter, in the order of their names.

    Raises:
        AdvdimError: if the page has none.
    """
    notebooks = tuple(sorted((NOTEBOOKS / page).glob("*.py")))
    if not notebooks:
        raise AdvdimError(f"There is no notebook in {NOTEBOOKS / page}: expected the chapters of page '{page}' there.")
    return notebooks
