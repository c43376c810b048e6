"""Keys: short digests of canonical documents."""

import hashlib
import json

KEY_LENGTH = 10


def canonical_json(document: object) -> str:
    """Serialise so that equal documents are equal texts: sorted keys, no space, no NaN."""
    return json.dumps(document, sort_keys=True, separators=(",", ":"), allow_nan=False, ensure_ascii=True)


def key_of(document: object) -> str:
    """Short digest of a document in its canonical form."""
    return hashlib.sha256(canonical_json(document).encode()).hexdigest()[:KEY_LENGTH]
