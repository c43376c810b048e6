"""A process that answers questions, a line each, so that peers with other environments can be measured in turn."""

import os
import subprocess
from collections.abc import Mapping, Sequence
from typing import TextIO, cast


class Worker:
    """A process that answers each line of its input with one.

    Args:
        command: what to run.
        environment: its environment variables.
    """

    def __init__(self, command: Sequence[str | os.PathLike[str]], environment: Mapping[str, str]) -> None:
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
        )
        self._send = cast(TextIO, self._process.stdin)
        self._receive = cast(TextIO, self._process.stdout)

    def ask(self, line: str) -> None:
        """Send a question, without waiting for its answer."""
        self._send.write(f"{line}\n")
        self._send.flush()

    def answer(self) -> str:
        """Wait for the next line of its output.

        Raises:
            RuntimeError: if the process ends instead.
        """
        line = self._receive.readline()
        if not line:
            raise RuntimeError(f"a worker ended with {self._process.wait()}, without an answer: {self._process.args!r}")
        return line

    def close(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.communicate()
