"""A recipe: everything that determines the bytes of one artefact."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

from advdim.artefacts.keys import key_of

Stage = Literal["datasets", "models", "attacks", "statistics", "reports"]
STAGES: tuple[Stage, ...] = ("datasets", "models", "attacks", "statistics", "reports")


@dataclass(frozen=True)
class Recipe:
    """How one artefact is made.

    Attributes:
        stage: the stage that makes it.
        name: readable part of its path, such as ``spheres-d500/relu-online-s0``.
        entry: dotted name of the module whose ``make`` is called.
        settings: its own settings.
        seed: its root seed, or None where nothing is drawn.
        execution: threads and device, and digests of the user's files, as far as the numbers depend on them.
        code: digest of the code that it runs.
        libraries: versions of the libraries that this code imports.
        inputs: the recipes that it reads, by role.
        seconds: expected cost on one core, for the table and for batching; no part of the identity.
    """

    stage: Stage
    name: str
    entry: str
    settings: dict[str, Any]
    seed: int | None
    execution: dict[str, Any]
    code: str
    libraries: dict[str, str]
    inputs: dict[str, "Recipe"] = field(default_factory=dict)
    seconds: float = 1.0

    @cached_property
    def document(self) -> dict[str, Any]:
        """The canonical document whose digest is the key."""
        return {
            "stage": self.stage,
            "entry": self.entry,
            "settings": self.settings,
            "seed": self.seed,
            "execution": self.execution,
            "code": self.code,
            "libraries": self.libraries,
            "inputs": {role: recipe.key for role, recipe in self.inputs.items()},
        }

    @cached_property
    def identity(self) -> str:
        """Short digest of what is made, whatever the commit and the libraries: see `identity_of`."""
        return identity_of(self.document, {role: recipe.identity for role, recipe in self.inputs.items()})

    @cached_property
    def key(self) -> str:
        """Short digest of the document."""
        return key_of(self.document)

    @cached_property
    def path(self) -> str:
        """Folder of the artefact, relative to the root of the project."""
        return f"data/{self.stage}/{self.name}-{self.key}"

    @property
    def token(self) -> str:
        """The file that stands for the artefact in the workflow."""
        return f"{self.path}/key"


def identity_of(document: Mapping[str, Any], inputs: Mapping[str, str]) -> str:
    """Short digest of what a recipe makes: the same for other code and other versions of libraries.

    Args:
        document: the recipe's canonical document.
        inputs: identities of the recipes that it reads, by role.
    """
    told = {part: document[part] for part in ("stage", "entry", "settings", "seed", "execution")}
    return key_of(told | {"inputs": dict(inputs)})
