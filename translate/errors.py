"""What can go wrong in a way that the user can mend."""


class UserError(Exception):
    """Bad input or configuration (exit code 2).

    The message is one sentence that names the file and says what to do. What it quotes of the input may be
    anything: control characters are shown as escapes, and what is very long is cut in the middle.
    """

    def __init__(self, message: object) -> None:
        from glossary.sentence import sentence  # the package brings the YAML library: not for --help

        super().__init__(sentence(str(message)))


class UnavailableError(UserError):
    """Something that the whole run needs has gone (a cluster, the same program on it): no other draft fares better."""


class ChangedError(UserError):
    """A file is no longer what the run has read: nothing was written for it, and another run sees it as it is now."""
