"""Tiny shots on disk."""

from pathlib import Path

import cv2
import numpy as np

from longanimation.media import encode_png, open_sequence
from longanimation.shot import read_references

SIZE = (24, 32)


def drawing(number: int, size=SIZE) -> np.ndarray:
    """uint8 [H, W, 3]: a black ring on white, at a place of its own for each number."""
    frame = np.full((*size, 3), 255, np.uint8)
    centre = (6 + number * 7 % (size[1] - 12), 6 + number * 5 % (size[0] - 12))
    cv2.circle(frame, centre, 3 + number % 3, (0, 0, 0), 1)
    frame[0, : 1 + number % size[1]] = 0
    return frame


def make_shot(folder: Path, count: int, *, first=0, hold=1, size=SIZE) -> Path:
    """A folder of numbered drawings; each is held for `hold` frames."""
    folder.mkdir(parents=True, exist_ok=True)
    for k in range(count):
        (folder / f"cut_{first + k:04d}.png").write_bytes(encode_png(drawing(k // hold, size)))
    return folder


def make_reference(path: Path, color=(200, 40, 90), size=SIZE) -> Path:
    image = np.full((*size, 3), color, np.uint8)
    image[4:9, 4:14] = (20, 120, 220)
    path.write_bytes(encode_png(image))
    return path


def opened(folder: Path, reference: Path):
    """(sequence, references) as `run_shot` takes them."""
    sequence = open_sequence(folder)
    return sequence, read_references([str(reference)], sequence, mode="drawn")


def folder_bytes(folder: Path) -> dict[str, bytes]:
    """Every file below a folder with its content."""
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}
