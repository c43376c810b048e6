"""What the file system refuses, in one sentence; the command line and the workflow say it alike."""


def refusal(error: OSError) -> str:
    """Tell which place cannot be read or written, why, and what to do."""
    return (
        f"{error.filename or 'the disk'}: cannot be read or written ({error.strerror or error}); expected an existing, "
        "writable place with room left; mend that and run again"
    )
