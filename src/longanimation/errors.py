"""Errors meant for the person who gave the input."""


class InputError(ValueError):
    """Bad input: one line saying what is wrong, where (file, frame) and how to mend it. The command exits with 2."""
