"""The digest of code changes with what runs, and with nothing else."""

from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from unittest.mock import Mock

import pytest

from advdim.errors import AdvdimError
from advdim.plan import code
from advdim.plan.code import Code, code_of

MODULES = {
    "__init__.py": "",
    "leaf.py": "VALUE = 1\n",
    "page/__init__.py": "",
    "page/main.py": "from toy.leaf import VALUE\n\n\ndef make():\n    return VALUE\n",
    "page/style.css": "p { color: red }\n",
    "other/__init__.py": "",
    "other/alone.py": "import numpy\n",
    "other/notes.txt": "nothing\n",
}


def forget() -> None:
    for remembered in (code.code_of, code._source, code._module_imports, code._module_digest, code._other_files):
        remembered.cache_clear()


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A small package in the place of ours."""
    folder = tmp_path / "toy"
    for name, text in MODULES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    monkeypatch.setattr(code, "PACKAGE", folder)
    forget()
    yield folder
    forget()


def digest() -> Code:
    forget()
    return code_of(("toy.page.main",))


def rewritten(path: Path, text: str) -> Code:
    path.write_text(text, encoding="utf-8")
    return digest()


@pytest.mark.parametrize(
    "text",
    [
        "VALUE = 1  # a comment\n",
        '"""What this module is."""\n\nVALUE = 1\n"""What this value is."""\n',
        "\n\n# a comment of its own\nVALUE = 1\n\n\n",
        '"""A docstring\n\nof three lines."""\nVALUE = 1\n',
    ],
)
def test_comments_docstrings_and_blank_lines_do_not_count(package: Path, text: str) -> None:
    before = digest()
    assert rewritten(package / "leaf.py", text) == before


def test_a_docstring_inside_a_function_does_not_count(package: Path) -> None:
    before = digest()
    described = 'from toy.leaf import VALUE\n\n\ndef make():\n    """Make it."""\n    # now\n    return VALUE\n'
    assert rewritten(package / "page" / "main.py", described) == before


@pytest.mark.parametrize(
    "text", ["VALUE = 2\n", "VALUE = '1'\n", "VALUE = 1\nVALUE += 1\n", "if VALUE := 1:\n    pass\n"]
)
def test_a_changed_line_in_an_imported_module_counts(package: Path, text: str) -> None:
    before = digest()
    assert rewritten(package / "leaf.py", text).digest != before.digest


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('VALUE = """a\n\nb"""\n', 'VALUE = """a\nb"""\n'),
        ('VALUE = """a \nb"""\n', 'VALUE = """a\nb"""\n'),
        ('VALUE = """a # b"""\n', 'VALUE = """a # c"""\n'),
        ('VALUE = [\n    "a",\n]\n', 'VALUE = [\n    "b",\n]\n'),
        ('"a".join(map(print, "xy"))\n', '"b".join(map(print, "xy"))\n'),
    ],
)
def test_text_that_the_code_uses_counts(package: Path, old: str, new: str) -> None:
    before = rewritten(package / "leaf.py", old)
    assert rewritten(package / "leaf.py", new).digest != before.digest


def test_indentation_counts(package: Path) -> None:
    before = rewritten(package / "leaf.py", "for n in (1, 2):\n    VALUE = n\n    print(n)\n")
    assert rewritten(package / "leaf.py", "for n in (1, 2):\n    VALUE = n\nprint(n)\n").digest != before.digest


def test_the_package_of_an_imported_module_counts(package: Path) -> None:
    before = digest()
    assert rewritten(package / "page" / "__init__.py", "print()\n").digest != before.digest


def test_a_module_that_is_not_imported_does_not_count(package: Path) -> None:
    before = digest()
    assert rewritten(package / "other" / "alone.py", "import scipy\n") == before


@pytest.mark.parametrize(
    "text",
    [
        "import toy.other.alone\n",
        "from toy.other import alone\n",
        "from toy.other.alone import numpy as np\n",
        "def late():\n    from toy.other import alone\n",
    ],
)
def test_every_form_of_import_is_followed(package: Path, text: str) -> None:
    first = rewritten(package / "leaf.py", text)
    (package / "other" / "alone.py").write_text("import numpy\nprint()\n", encoding="utf-8")
    assert digest().digest != first.digest


def test_a_relative_import_is_followed_or_refused(package: Path) -> None:
    try:
        first = rewritten(package / "page" / "main.py", "from ..leaf import VALUE\n")
    except AdvdimError as error:
        assert "relative import" in str(error)  # noqa: PT017 (both answers are right)
    else:
        assert rewritten(package / "leaf.py", "VALUE = 2\n").digest != first.digest


@pytest.mark.parametrize("condition", ["TYPE_CHECKING", "typing.TYPE_CHECKING"])
def test_imports_for_type_checking_are_not_followed(package: Path, condition: str) -> None:
    text = f"import typing\nfrom typing import TYPE_CHECKING\n\nif {condition}:\n    from toy.other import alone\n"
    first = rewritten(package / "leaf.py", text)
    assert first.libraries == {}
    assert rewritten(package / "other" / "alone.py", "import scipy\n") == first


def test_what_runs_when_no_types_are_checked_is_followed(package: Path) -> None:
    text = "from typing import TYPE_CHECKING\n\nif TYPE_CHECKING:\n    pass\nelse:\n    from toy.other import alone\n"
    assert rewritten(package / "leaf.py", text).libraries == {"numpy": version("numpy")}


def test_other_files_beside_a_module_count_and_those_elsewhere_do_not(package: Path) -> None:
    before = digest()
    assert rewritten(package / "other" / "notes.txt", "something\n") == before
    assert rewritten(package / "page" / "style.css", "p { color: blue }\n").digest != before.digest


def test_a_new_file_beside_a_module_counts(package: Path) -> None:
    before = digest()
    assert rewritten(package / "page" / "script.js", "").digest != before.digest


@pytest.mark.parametrize("name", [".leaf.py.swp", ".DS_Store", "style.css~", "#style.css#", "style.css.orig"])
def test_what_an_editor_leaves_beside_a_module_does_not_count(package: Path, name: str) -> None:
    before = digest()
    assert rewritten(package / "page" / name, "anything") == before


def test_a_moved_line_between_modules_counts(package: Path) -> None:
    before = rewritten(package / "leaf.py", "VALUE = 1\nA = 1\n")
    (package / "__init__.py").write_text("A = 1\n", encoding="utf-8")
    assert rewritten(package / "leaf.py", "VALUE = 1\n").digest != before.digest


def test_library_versions_are_those_of_the_imported_libraries(package: Path) -> None:
    assert digest().libraries == {}
    text = "import os\nimport sklearn.svm\nfrom numpy.typing import NDArray\nVALUE = 1\n"
    assert rewritten(package / "leaf.py", text).libraries == {
        "numpy": version("numpy"),
        "scikit-learn": version("scikit-learn"),
    }


def test_a_library_that_is_not_installed_is_named(package: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(code, "version", Mock(side_effect=PackageNotFoundError))
    assert rewritten(package / "leaf.py", "import numpy\n").libraries == {"numpy": "none"}


def test_a_notebook_counts_with_what_it_imports(package: Path, tmp_path: Path) -> None:
    notebook = tmp_path / "book.py"
    notebook.write_text("# %% [markdown]\n# # Title\n\n# %%\nfrom toy.other import alone\n", encoding="utf-8")
    first = code_of((), (notebook,))
    assert first.libraries == {"numpy": version("numpy")}
    (package / "other" / "alone.py").write_text("import numpy\nprint()\n", encoding="utf-8")
    forget()
    assert code_of((), (notebook,)).digest != first.digest


def test_the_prose_of_a_notebook_counts(package: Path, tmp_path: Path) -> None:
    notebook = tmp_path / "book.py"
    notebook.write_text("# %% [markdown]\n# # Title\n\n# %%\nprint()\n", encoding="utf-8")
    first = code_of((), (notebook,))
    notebook.write_text("# %% [markdown]\n# # Another title\n\n# %%\nprint()\n", encoding="utf-8")
    forget()
    assert code_of((), (notebook,)).digest != first.digest


def test_a_module_with_a_slip_is_told(package: Path) -> None:
    with pytest.raises(
        AdvdimError, match=r"toy\.leaf: is no Python in UTF-8 \(.*line 1\)\); mend it there and run again"
    ):
        rewritten(package / "leaf.py", "VALUE = (\n")


def test_a_module_that_does_not_exist_is_told(package: Path) -> None:
    with pytest.raises(AdvdimError, match=r"no module toy\.absent in this project; expected one file of that name"):
        code_of(("toy.absent",))
