"""LongAnimation: colour long sequences of line drawings from coloured references."""

__version__ = "0.1.0"
