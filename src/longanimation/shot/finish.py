"""What a coloured drawing shall look like in the end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from longanimation.errors import InputError

if TYPE_CHECKING:
    from longanimation.cel import Palette

FINISHES = ("auto", "cel", "none")
"""Flat colours per closed region ("cel"), soft colours ("none"), or what suits the shot ("auto")."""


def check_finish(finish: str) -> None:
    """Raises InputError for an unknown one."""
    if finish not in FINISHES:
        raise InputError(f"finish must be one of {', '.join(FINISHES)}, got {finish!r}")


def choose_finish(finish: str, palette: Palette, *, extracted: bool) -> str:
    """ "cel" or "none". extracted: the lines were taken from coloured pictures.

    A painted picture whose lines were extracted shall look painted again; a drawing wants clean regions, also where its
    reference is a noisy video frame.
    """
    if finish != "auto":
        return finish
    return "none" if extracted and not palette.is_flat else "cel"
