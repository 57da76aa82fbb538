"""What can go wrong in a way that the user can mend."""


class UserError(Exception):
    """Bad input or configuration (exit code 2).

    The message is one sentence that names the file and says what to do.
    """
