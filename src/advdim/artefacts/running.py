"""Who is at work in a folder: kernel locks, which a killed process loses by itself."""

from pathlib import Path

from filelock import FileLock, Timeout

from advdim.artefacts.store import LOCK
from advdim.errors import AdvdimError

PATIENCE_SECONDS = 10.0
"""How long a claim waits: the processes of a run that was killed a moment ago may take some seconds to die."""

_held: list[FileLock] = []


def claim_run(data: Path) -> None:
    """Claim the data folder for this process until it ends; wait a little for a run that is dying.

    Raises:
        AdvdimError: another living run keeps it, or the folder cannot be written.
    """
    try:
        (data / ".locks").mkdir(parents=True, exist_ok=True)
        lock = FileLock(data / ".locks" / "run")
        lock.acquire(timeout=PATIENCE_SECONDS)
    except Timeout as error:
        raise AdvdimError(
            f"{data}: another run is at work in this folder; expected none; wait for it to end, or stop it"
        ) from error
    except OSError as error:
        raise AdvdimError(
            f"{data}: cannot be written ({error.strerror}); expected a writable folder; mend that and run again"
        ) from error
    _held.append(lock)


def refuse_jobs(data: Path) -> None:
    """Refuse to go on beside a job that makes an artefact in this folder, be it of a run or one by itself.

    Raises:
        AdvdimError: a living job holds the lock of its artefact.
    """
    for path in sorted((data / ".locks").glob(f"*{LOCK}")):
        try:
            with FileLock(path, timeout=0):
                pass
        except Timeout as error:
            raise AdvdimError(
                f"{data}: a job is making the artefact {path.name.removesuffix(LOCK)} in this folder; expected none; "
                "wait for it to end, or stop it"
            ) from error
