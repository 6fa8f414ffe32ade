"""The flat colours of a shot, and pictures read in them."""

from dataclasses import dataclass

import cv2
import numpy as np
from scipy.spatial import cKDTree
from skimage.color import deltaE_ciede2000

from longanimation.errors import InputError

FLAT = 0.85
"""Share of a picture's pixels that flat colours must explain for it to count as painted flat."""


@dataclass(frozen=True)
class Palette:
    """The colours a picture is made of.

    colors: uint8 [K, 3], sRGB, the most used first, K at least 1.
    flat: float in [0, 1], the share of the reference's pixels that are really flat colour; low for gradients and
        painted pictures, which a palette cannot give back.
    """

    colors: np.ndarray
    flat: float

    @property
    def is_flat(self) -> bool:
        return self.flat >= FLAT

    def __len__(self) -> int:
        return len(self.colors)

    def labels(self, image: np.ndarray) -> np.ndarray:
        """uint8 [H, W, 3] -> uint8 [H, W] (int16 from 257 colours): the index of the nearest colour in CIELAB."""
        check_picture(image)
        code = pack(image)
        known = np.zeros(1 << 24, bool)
        known[code.reshape(-1)] = True
        present = np.flatnonzero(known)
        nearest = cKDTree(to_lab(self.colors)).query(to_lab(unpack(present)))[1]
        table = np.zeros(1 << 24, np.uint8 if len(self.colors) <= 256 else np.int16)
        table[present] = nearest
        return table[code]


def check_picture(image: np.ndarray) -> None:
    """Raise InputError unless `image` is uint8 [H, W, 3]."""
    if not isinstance(image, np.ndarray) or image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3:
        found = f"{image.dtype} {list(image.shape)}" if isinstance(image, np.ndarray) else type(image).__name__
        raise InputError(f"a coloured picture must be uint8 [H, W, 3], got {found}")


def to_lab(colors: np.ndarray) -> np.ndarray:
    """[..., 3] sRGB in 0..255 -> float32 [..., 3] CIELAB (D65), L in 0..100."""
    flat = np.ascontiguousarray(colors, np.float32).reshape(-1, 1, 3) / 255
    return cv2.cvtColor(flat, cv2.COLOR_RGB2LAB).reshape(colors.shape)


def difference(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """CIEDE2000 between sRGB colours [..., 3] in 0..255 (shapes are broadcast) -> float [...]."""
    shape = np.broadcast_shapes(first.shape, second.shape)
    if 0 in shape:
        return np.zeros(shape[:-1])
    first, second = (np.broadcast_to(to_lab(colors), shape) for colors in (first, second))
    return deltaE_ciede2000(first, second)


def pack(image: np.ndarray) -> np.ndarray:
    """uint8 [..., 3] -> int32 [...], one number per colour."""
    return image[..., 0].astype(np.int32) << 16 | image[..., 1].astype(np.int32) << 8 | image[..., 2]


def unpack(codes: np.ndarray) -> np.ndarray:
    """int [N] -> uint8 [N, 3]."""
    return np.stack([codes >> 16, codes >> 8 & 255, codes & 255], -1).astype(np.uint8)
