"""Keys: short digests of canonical documents."""

import hashlib
import json
from typing import Any

KEY_LENGTH = 10


def canonical_json(document: object) -> str:
    """Serialise so that equal documents are equal texts: sorted keys, no space, no NaN."""
    return json.dumps(document, sort_keys=True, separators=(",", ":"), allow_nan=False, ensure_ascii=True)


def parse_json(text: str) -> Any:
    """Read JSON as it is defined: Python's `NaN` and `Infinity`, which no key could be made of, are refused.

    Raises:
        ValueError: the text is no JSON.
    """
    return json.loads(text, parse_constant=_refuse_constant)


def key_of(document: object) -> str:
    """Short digest of a document in its canonical form."""
    return hashlib.sha256(canonical_json(document).encode()).hexdigest()[:KEY_LENGTH]


def _refuse_constant(name: str) -> None:
    raise ValueError(f"found {name}")
