"""Percent-format notebooks run with parameters, and stripped of all that differs from run to run."""

import logging
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeAlias

import jupytext
import nbformat
import papermill
from nbclient.exceptions import DeadKernelError
from papermill.exceptions import PapermillExecutionError
from traitlets.config import Config

from advdim.errors import AdvdimError

JSON: TypeAlias = "str | int | float | bool | list[JSON] | dict[str, JSON] | None"

KERNEL = {"name": "python3", "display_name": "Python 3", "language": "python"}
LONGEST_SOCKET = 95
"""Characters of the common part of the sockets' paths; the system's limit, less what is appended."""
LONGEST_REASON = 300
"""Characters of an exception's text that are told in the error's sentence."""


def execute(source: Path, parameters: Mapping[str, JSON], executed: Path) -> nbformat.NotebookNode:
    """Run a percent-format notebook with parameters, in the current directory.

    The copy at ``executed`` grows while the notebook runs. It stays, for reading, if a cell fails or the process is
    killed, and is removed when all cells have run.

    Args:
        source: the notebook, a Python file in percent format. If ``parameters`` is not empty it has a cell tagged
            ``parameters`` that gives each of them a default.
        parameters: names and values; they replace the defaults.
        executed: where the executed copy lies, an ``.ipynb``; its folder is made if need be.

    Returns:
        The executed notebook, normalised: equal bytes from equal outputs.

    Raises:
        AdvdimError: if the source is missing, a parameter unknown, or a cell fails.
    """
    if not source.is_file():
        raise AdvdimError(f"There is no notebook {source}: expected a Python file in percent format.")
    text = source.read_text(encoding="utf-8")
    executed.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix="advdim-notebook-") as folder, _kernel_environment(Path(folder)):
        plain = Path(folder) / f"{source.stem}.ipynb"
        nbformat.write(convert(text), plain)
        _check_parameters(source, plain, parameters)
        try:
            notebook = _run(plain, parameters, executed)
        except PapermillExecutionError as error:
            raise AdvdimError(_sentence(source, text, error, executed)) from error
        except DeadKernelError as error:
            raise AdvdimError(
                f"The kernel of notebook {source} died (often for want of memory); what had run lies at {executed}."
            ) from error
    executed.unlink(missing_ok=True)
    return normalise(notebook)


def convert(text: str) -> nbformat.NotebookNode:
    """Turn percent-format text into a notebook with the python3 kernel and cell ids that only depend on the order.

    Raises:
        AdvdimError: if the header, which may be left out, is malformed.
    """
    try:
        notebook = jupytext.reads(text, fmt="py:percent")
    except nbformat.ValidationError as error:
        raise AdvdimError(f"The notebook's header is malformed ({error.message}): mend or remove it.") from error
    notebook.metadata = nbformat.from_dict({"kernelspec": KERNEL})
    return _number(notebook)


def normalise(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """Strip an executed notebook, in place, of ids, times, versions, papermill's notes and everything on stderr."""
    notebook.metadata = nbformat.from_dict({"kernelspec": KERNEL, "language_info": {"name": "python"}})
    for cell in notebook.cells:
        tags = cell.metadata.get("tags")
        cell.metadata = nbformat.from_dict({"tags": tags} if tags else {})
        if cell.cell_type == "code":
            cell.outputs = [output for output in cell.outputs if output.get("name") != "stderr"]
    return _number(notebook)


def join(notebooks: Sequence[nbformat.NotebookNode]) -> nbformat.NotebookNode:
    """Put executed notebooks one behind the other, as the chapters of one."""
    whole = nbformat.v4.new_notebook()
    whole.cells = [cell for notebook in notebooks for cell in notebook.cells]
    return normalise(whole)  # numbers the cells anew


def _number(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    for index, cell in enumerate(notebook.cells):
        cell["id"] = f"cell-{index:03d}"
    return notebook


@contextmanager
def _kernel_environment(folder: Path) -> Iterator[None]:
    """Let the kernel come from this environment, without the user's IPython profile, hash seed or log lines."""
    wanted = {
        "JUPYTER_PREFER_ENV_PATH": "1",
        "JUPYTER_RUNTIME_DIR": str(folder),
        "IPYTHONDIR": str(folder / "ipython"),
        "PYTHONHASHSEED": "0",
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",
    }
    before = {name: os.environ.get(name) for name in wanted}
    logger = logging.getLogger("papermill")
    level = logger.level
    os.environ.update(wanted)
    logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        logger.setLevel(level)
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _run(plain: Path, parameters: Mapping[str, JSON], executed: Path) -> nbformat.NotebookNode:
    return papermill.execute_notebook(
        _literal(plain),
        _literal(executed),
        parameters=dict(parameters),
        kernel_name=KERNEL["name"],
        progress_bar=False,
        log_output=False,
        extra_arguments=["--IPKernelApp.log_level=CRITICAL"],  # every kernel ends by what it calls an error
        config=Config({"KernelManager": _transport(plain.parent)}),
    )


def _transport(folder: Path) -> dict[str, str]:
    """Let the kernel talk through sockets in a folder of its own: no port that another kernel could take meanwhile.

    Paths of sockets are limited to about 100 characters; beyond that TCP has to do.
    """
    address = str(folder / "kernel")
    return {"transport": "ipc", "ip": address} if len(address) < LONGEST_SOCKET else {"transport": "tcp"}


def _literal(path: Path) -> str:
    """Protect braces in a path from papermill, which takes paths as format strings."""
    return str(path).replace("{", "{{").replace("}", "}}")


def _check_parameters(source: Path, plain: Path, parameters: Mapping[str, JSON]) -> None:
    known = papermill.inspect_notebook(_literal(plain))
    unknown = sorted(set(parameters) - set(known))
    if unknown:
        raise AdvdimError(
            f"Notebook {source} knows no parameter {', '.join(unknown)}: expected one of "
            f"{', '.join(sorted(known)) or 'none'}; give it a default in the cell tagged 'parameters'."
        )


def _sentence(source: Path, text: str, error: PapermillExecutionError, executed: Path) -> str:
    """Tell in one sentence which cell of which notebook failed, where and why."""
    cells = [cell.source for cell in convert(text).cells if cell.cell_type == "code"]
    number = cells.index(error.source) + 1 if error.source in cells else 0
    start = text.find(error.source)
    place = f"code cell {number}" if number else "the cell of its parameters"
    if number and start >= 0:
        place += f" (line {text.count(chr(10), 0, start) + 1})"
    reason = " ".join(f"{error.ename}: {error.evalue}".split())
    if len(reason) > LONGEST_REASON:
        reason = reason[:LONGEST_REASON].rstrip() + " ..."
    return f"Notebook {source} failed in {place} with {reason.rstrip('.')}; the executed copy lies at {executed}."
