"""The one exception that people see."""


class AdvdimError(Exception):
    """A mistake that its reader can mend, told in one sentence.

    The message says what was found, where, what was expected and what to do. The command line prints it alone, without
    a traceback, and ends with exit code 1.
    """
