"""What a stage's ``make`` is handed: settings, seed, inputs and a folder to fill."""

import logging
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

logger = logging.getLogger("advdim")

PROGRESS_SECONDS = 10.0


@dataclass(frozen=True)
class Job:
    """One artefact in the making.

    Attributes:
        name: readable name, for messages.
        settings: the recipe's own settings.
        seed: the recipe's root seed; 0 where nothing is drawn.
        execution: device and threads.
        inputs: folders of the artefacts that it reads, by role; their files were verified.
        output: an empty folder; what lies in it at the end becomes the artefact.
        checkpoint: a folder that outlives a killed job, emptied when the artefact is complete.
        checkpoint_seconds: seconds between checkpoints.
        logs: folder for TensorBoard's files, which are no part of the artefact; None where nobody asked for them.
    """

    name: str
    settings: dict[str, Any]
    seed: int
    execution: dict[str, Any]
    inputs: dict[str, Path]
    output: Path
    checkpoint: Path
    checkpoint_seconds: float
    logs: Path | None = None

    def progress(self, what: str, total: int) -> "Progress":
        """A reporter of progress that speaks at most every few seconds."""
        return Progress(f"{self.name}: {what}", total)


class Progress:
    """Tells how far a long piece of work has come, in lines that suit a terminal and a log alike."""

    def __init__(self, title: str, total: int) -> None:
        self._title = title
        self._total = total
        self._start = self._spoken = time.monotonic()
        self._first: int | None = None

    def at(self, done: int) -> None:
        """Report that ``done`` of the total are done."""
        now = time.monotonic()
        if self._first is None:
            self._first = done
        if now - self._spoken < PROGRESS_SECONDS or done <= self._first:
            return
        self._spoken = now
        left = (now - self._start) / (done - self._first) * (self._total - done)
        logger.info("%s %d of %d, about %.0f s left", self._title, done, self._total, left)
