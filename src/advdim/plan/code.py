"""The digest of the code that a recipe runs: its modules, and the project's modules that they import."""

import ast
import hashlib
import io
import tokenize
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from advdim.errors import AdvdimError

PACKAGE = Path(__file__).parent.parent
STRAY = ("~", "#", ".orig", ".rej")
"""Endings of what editors and merges leave beside a file."""
DISTRIBUTIONS = {
    "PIL": "pillow",
    "h5py": "h5py",
    "jupytext": "jupytext",
    "keras": "keras",
    "latex2mathml": "latex2mathml",
    "matplotlib": "matplotlib",
    "nbconvert": "nbconvert",
    "numpy": "numpy",
    "pandas": "pandas",
    "papermill": "papermill",
    "plotly": "plotly",
    "pyarrow": "pyarrow",
    "scipy": "scipy",
    "seaborn": "seaborn",
    "skimage": "scikit-image",
    "simplejpeg": "simplejpeg",
    "sklearn": "scikit-learn",
    "tensorflow": "tensorflow",
}
"""Imported name to distribution, for the libraries that determine numbers and pictures."""


@dataclass(frozen=True)
class Code:
    """What a set of modules runs.

    Attributes:
        digest: hexadecimal SHA-256 over the modules and their transitive imports, comments and docstrings left out.
        libraries: version by distribution, of the libraries that these modules import.
    """

    digest: str
    libraries: dict[str, str]


@cache
def code_of(modules: tuple[str, ...], extra: tuple[Path, ...] = ()) -> Code:
    """Digest modules with everything of this project that they import.

    Imports under ``if TYPE_CHECKING`` are not followed: they do not run. Files that are no Python and lie in a folder
    of a module that is followed (templates, style sheets, scripts) count too.

    Args:
        modules: dotted names inside ``advdim``.
        extra: Python files outside the package whose imports are followed too, such as notebooks.

    Returns:
        The digest and the library versions.
    """
    reached: set[str] = set()
    third_party: set[str] = set()
    pending = list(modules)
    sources = {path.name: _read(path) for path in extra}
    for path in extra:
        project, others = _imports(sources[path.name], str(path))
        pending += project
        third_party |= others
    while pending:
        module = pending.pop()
        if module in reached:
            continue
        reached.add(module)
        project, others = _module_imports(module)
        pending += [*project, *_parents(module)]
        third_party |= others
    digests = {module: _module_digest(module) for module in reached}
    digests |= {name: _digest(text) for name, text in sources.items()}  # a notebook's comments are its prose
    digests |= {name: digest for module in reached for name, digest in _other_files(module).items()}
    whole = "\n".join(f"{name} {digest}" for name, digest in sorted(digests.items()))
    names = {DISTRIBUTIONS[name] for name in third_party if name in DISTRIBUTIONS}
    return Code(_digest(whole), {name: _installed(name) for name in sorted(names)})


def exists(module: str) -> bool:
    """Whether a dotted name is a module of this project."""
    return _path(module) is not None


def _path(module: str) -> Path | None:
    base = PACKAGE.joinpath(*module.split(".")[1:])
    for candidate in (base.with_suffix(".py"), base / "__init__.py"):
        if module.split(".")[0] == PACKAGE.name and candidate.is_file():
            return candidate
    return None


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise AdvdimError(f"{path}: cannot be read ({error.strerror}); expected a file of this project") from error
    except UnicodeDecodeError as error:
        raise _no_python(str(path), error) from error


def _no_python(place: str, error: ValueError | SyntaxError) -> AdvdimError:
    return AdvdimError(f"{place}: is no Python in UTF-8 ({error}); mend it there and run again")


@cache
def _source(module: str) -> str:
    path = _path(module)
    if path is None:
        raise AdvdimError(f"no module {module} in this project; expected one file of that name under src/advdim")
    return _read(path)


@cache
def _module_imports(module: str) -> tuple[list[str], set[str]]:
    return _imports(_source(module), module)


@cache
def _module_digest(module: str) -> str:
    return _digest(_normalised(_source(module)))


@cache
def _other_files(module: str) -> dict[str, str]:
    path = _path(module)
    if path is None or path.parent == PACKAGE:
        return {}
    files = [f for f in path.parent.rglob("*") if f.is_file() and f.suffix != ".py" and not _is_stray(f)]
    return {str(f.relative_to(PACKAGE)): hashlib.sha256(f.read_bytes()).hexdigest() for f in files}


def _is_stray(file: Path) -> bool:
    """Whether a file was left by an editor, a merge or Python: it is none of the project's."""
    parts = file.relative_to(PACKAGE).parts
    return any(part.startswith(".") or part == "__pycache__" for part in parts) or file.name.endswith(STRAY)


def _installed(name: str) -> str:
    """The version of a library; some can be lacking, or have another name where it was built for one device."""
    try:
        return version(name)
    except PackageNotFoundError:
        return "none"


def _parents(module: str) -> list[str]:
    parts = module.split(".")
    return [".".join(parts[:n]) for n in range(1, len(parts))]


def _imports(source: str, place: str) -> tuple[list[str], set[str]]:
    project: list[str] = []
    others: set[str] = set()
    for node in _running_nodes(_parsed(source, place)):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level:
            raise AdvdimError(f"{ast.unparse(node)}: a relative import; expected the module's full name; write that")
        elif isinstance(node, ast.ImportFrom) and node.module:
            inner = [f"{node.module}.{alias.name}" for alias in node.names]
            names = [node.module, *(name for name in inner if exists(name))]
        else:
            continue
        for name in names:
            if name.split(".")[0] == PACKAGE.name:
                project.append(name)
            else:
                others.add(name.split(".")[0])
    return project, others


def _parsed(source: str, place: str) -> ast.Module:
    """Parse a source; users write notebooks and modules of their own, so a slip is told in one sentence."""
    try:
        return ast.parse(source)
    except (SyntaxError, ValueError) as error:
        raise _no_python(place, error) from error


def _running_nodes(tree: ast.AST) -> Iterable[ast.AST]:
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING"):
            yield from _running_nodes(ast.Module(body=node.orelse, type_ignores=[]))
            continue
        yield node
        yield from _running_nodes(node)


def _normalised(source: str) -> str:
    """Drop comments, docstrings and empty lines, which change no result; texts that the code uses stay as they are."""
    lines = source.split("\n")
    tokens = list(tokenize.generate_tokens(io.StringIO(source).readline))
    idle = _without_effect(tokens)
    inside_text = {row for token in set(tokens) - set(idle) for row in range(token.start[0], token.end[0])}
    for token in reversed(idle):
        (first, left), (last, right) = token.start, token.end
        head, tail = lines[first - 1][:left], lines[last - 1][right:]
        lines[first - 1 : last] = [head + tail, *[""] * (last - first)]
    kept = [(row, line) for row, line in enumerate(lines, 1) if row in inside_text or line.strip()]
    return "\n".join(line if row in inside_text else line.rstrip() for row, line in kept)


def _without_effect(tokens: Sequence[tokenize.TokenInfo]) -> list[tokenize.TokenInfo]:
    """Comments, and strings that are a whole statement."""
    running = [token for token in tokens if token.type not in (tokenize.COMMENT, tokenize.NL)]
    before = [tokenize.NEWLINE, *(token.type for token in running)]
    after = [*(token.type for token in running[1:]), tokenize.NEWLINE]
    starts = (tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT)
    texts = [
        token
        for token, last, following in zip(running, before, after, strict=False)
        if token.type == tokenize.STRING and last in starts and following == tokenize.NEWLINE
    ]
    comments = [token for token in tokens if token.type == tokenize.COMMENT]
    return sorted([*texts, *comments], key=lambda token: token.start)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
