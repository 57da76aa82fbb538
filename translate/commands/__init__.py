"""Subcommands of `translate-issue`, one module each, with `add_parser(commands)`."""
