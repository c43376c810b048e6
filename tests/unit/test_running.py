"""One run at a time in a folder: another is refused, a dying one is waited for, a killed one is in nobody's way."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from advdim.artefacts import running
from advdim.artefacts.running import claim_run
from advdim.errors import AdvdimError

CLAIM = (
    "import sys, time; from pathlib import Path; from advdim.artefacts.running import claim_run;"
    "claim_run(Path(sys.argv[1])); print('claimed', flush=True); time.sleep(600)"
)


@contextlib.contextmanager
def another_run(data: Path) -> Iterator["subprocess.Popen[str]"]:
    """A process that has claimed a folder."""
    with subprocess.Popen([sys.executable, "-c", CLAIM, str(data)], stdout=subprocess.PIPE, text=True) as run:
        try:
            assert run.stdout is not None
            assert run.stdout.readline() == "claimed\n"
            yield run
        finally:
            run.kill()


def test_one_run_at_a_time_claims_the_folder_and_a_killed_one_frees_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with another_run(tmp_path) as run:
        with monkeypatch.context() as patch:
            patch.setattr(running, "PATIENCE_SECONDS", 0)
            with pytest.raises(AdvdimError, match="another run is at work in this folder; expected none; wait for it"):
                claim_run(tmp_path)
        os.kill(run.pid, signal.SIGKILL)
        run.communicate(timeout=60)
        claim_run(tmp_path)


def test_a_claim_waits_for_a_run_that_is_dying(tmp_path: Path) -> None:
    with another_run(tmp_path) as run:
        start = time.monotonic()
        threading.Timer(0.5, run.kill).start()
        claim_run(tmp_path)
        assert time.monotonic() - start >= 0.5
