"""A merge in either of its forms, a file of classes with their synsets or a list of images, and the files it is in."""

from pathlib import Path

from advdim.datasets.imagenet.merge_settings import SynsetMerge, read_synset_merge
from advdim.datasets.imagenet.name_lists import NameList, read_name_list

Merge = SynsetMerge | NameList


def load_merge(path: Path) -> Merge:
    """Read a merge.

    Args:
        path: a YAML file of the form of ``config/imagenet12.yaml``, or a CSV file with the columns ``name`` and
            ``class``, and, if wanted, ``split`` and ``synset``.

    Returns:
        The merge; its ``synsets`` are those that the archive must hold, its ``class_names`` are in the order of labels.

    Raises:
        AdvdimError: the file cannot be read or has mistakes.
    """
    return read_name_list(path) if path.suffix.lower() == ".csv" else read_synset_merge(path)


def merge_files(path: Path) -> tuple[Path, ...]:
    """The files that a merge consists of: itself, and the published counts that it names."""
    settings = load_merge(path)
    counts = settings.counts_path if isinstance(settings, SynsetMerge) else None
    return (path, counts) if counts else (path,)
