"""Is there room for a shot where it will be written? An estimate: how well a picture compresses is not known before."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from longanimation.errors import InputError

LEAST = 0.02  # share of the raw bytes that PNG files of flat colours take
LIKELY = 0.4  # the same for painted, noisy pictures
WORK = 100 * 10**6  # checkpoints


def check_disk_space(output: str | os.PathLike, *, frames: int, size: tuple[int, int]) -> list[str]:
    """Compare free space with what `frames` frames of size (height, width) may take.

    Returns a sentence for the user if it may be too little. Raises InputError if not even flat pictures fit.
    """
    place = Path(output).absolute()
    while not place.exists():
        place = place.parent
    free = shutil.disk_usage(place).free
    raw = frames * size[0] * size[1] * 3
    least, likely = int(raw * LEAST), int(raw * LIKELY) + WORK
    if free >= likely:
        return []
    if free < least:
        raise InputError(
            f"{frames} frames take {_gb(least)} at least and {_gb(free)} are free on the disk of {output}; "
            "make room, or choose another output"
        )
    return [f"up to {_gb(likely)} may be written and {_gb(free)} are free on the disk of {output}"]


def _gb(count: int) -> str:
    return f"{count / 1e9:.1f} GB" if count >= 10**8 else f"{count / 1e6:.1f} MB"
