"""Perceived colour difference (CIEDE2000) between two pictures, fast enough to score every frame of a long shot.

Cel pictures hold few colours, so the formula is computed once for each pair of colours that meets and then looked up.
Pictures with too many colours for a table (shaded, noisy) are computed pixel by pixel where they differ.
"""

import cv2
import numpy as np

JUST_RIGHT = 5.0
"""Below this CIEDE2000 two colours count as the same paint throughout the evaluation."""

_RGB_TO_XYZ = np.array([[0.412453, 0.357580, 0.180423], [0.212671, 0.715160, 0.072169], [0.019334, 0.119193, 0.950227]])
_WHITE_D65 = np.array([0.95047, 1.0, 1.08883])
_BYTES = np.arange(256) / 255
_LINEAR = np.where(_BYTES <= 0.04045, _BYTES / 12.92, ((_BYTES + 0.055) / 1.055) ** 2.4)


def srgb_to_lab(colors: np.ndarray) -> np.ndarray:
    """CIE L*a*b* (D65) of sRGB colours: uint8 [..., 3] -> float64 [..., 3], L in 0..100."""
    xyz = _LINEAR[colors] @ (_RGB_TO_XYZ.T / _WHITE_D65)
    f = np.where(xyz > (6 / 29) ** 3, np.cbrt(xyz), xyz / (3 * (6 / 29) ** 2) + 4 / 29)
    x, y, z = f[..., 0], f[..., 1], f[..., 2]
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=-1)


def ciede2000(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """CIEDE2000 between sRGB colours, uint8 [..., 3] each -> float64 [...] (Sharma, Wu, Dalal 2005)."""
    lab_1, lab_2 = srgb_to_lab(first), srgb_to_lab(second)
    l_1, a_1, b_1 = lab_1[..., 0], lab_1[..., 1], lab_1[..., 2]
    l_2, a_2, b_2 = lab_2[..., 0], lab_2[..., 1], lab_2[..., 2]
    mean_chroma_7 = ((np.hypot(a_1, b_1) + np.hypot(a_2, b_2)) / 2) ** 7
    stretch = 1 + 0.5 * (1 - np.sqrt(mean_chroma_7 / (mean_chroma_7 + 25.0**7)))
    a_1, a_2 = a_1 * stretch, a_2 * stretch
    chroma_1, chroma_2 = np.hypot(a_1, b_1), np.hypot(a_2, b_2)
    hue_1, hue_2 = np.arctan2(b_1, a_1) % (2 * np.pi), np.arctan2(b_2, a_2) % (2 * np.pi)
    grey = chroma_1 * chroma_2 == 0

    turn = np.where(grey, 0.0, (hue_2 - hue_1 + np.pi) % (2 * np.pi) - np.pi)
    delta_l, delta_c = l_2 - l_1, chroma_2 - chroma_1
    delta_h = 2 * np.sqrt(chroma_1 * chroma_2) * np.sin(turn / 2)

    far = np.abs(hue_1 - hue_2) > np.pi
    hue = (hue_1 + hue_2) / 2
    hue = np.where(far, np.where(hue_1 + hue_2 < 2 * np.pi, hue + np.pi, hue - np.pi), hue)
    hue = np.where(grey, hue_1 + hue_2, hue)
    lightness, chroma = (l_1 + l_2) / 2, (chroma_1 + chroma_2) / 2
    weight = (
        1
        - 0.17 * np.cos(hue - np.deg2rad(30))
        + 0.24 * np.cos(2 * hue)
        + 0.32 * np.cos(3 * hue + np.deg2rad(6))
        - 0.20 * np.cos(4 * hue - np.deg2rad(63))
    )
    scale_l = 1 + 0.015 * (lightness - 50) ** 2 / np.sqrt(20 + (lightness - 50) ** 2)
    scale_c = 1 + 0.045 * chroma
    scale_h = 1 + 0.015 * chroma * weight
    spread = np.deg2rad(30) * np.exp(-(((np.rad2deg(hue) - 275) / 25) ** 2))
    rotation = -2 * np.sqrt(chroma**7 / (chroma**7 + 25.0**7)) * np.sin(2 * spread)
    terms_l, terms_c, terms_h = delta_l / scale_l, delta_c / scale_c, delta_h / scale_h
    return np.sqrt(np.maximum(terms_l**2 + terms_c**2 + terms_h**2 + rotation * terms_c * terms_h, 0))


def pack_colors(frame: np.ndarray) -> np.ndarray:
    """One number for each colour: uint8 [H, W, 3] -> uint32 [H, W] (red in the lowest byte)."""
    return cv2.cvtColor(np.ascontiguousarray(frame), cv2.COLOR_RGB2RGBA).view(np.uint32)[..., 0] & 0xFFFFFF


def unpack_colors(codes: np.ndarray) -> np.ndarray:
    """The inverse of `pack_colors`: uint32 [...] -> uint8 [..., 3]."""
    return np.stack([codes & 255, codes >> 8 & 255, codes >> 16 & 255], axis=-1).astype(np.uint8)


class ColorError:
    """CIEDE2000 of whole frames, remembering every pair of colours met so far (48 MB at most)."""

    def __init__(self, max_colors: int = 2048):
        self.max_colors = max_colors
        self._index: np.ndarray | None = None  # int16 [2**24], position of a colour in the table, -1 unknown
        self._colors = np.zeros((0, 3), np.uint8)
        self._table = np.zeros((0, 0), np.float32)

    def __call__(self, result: np.ndarray, truth: np.ndarray, inside: np.ndarray | None = None) -> np.ndarray:
        """Colour error of every pixel: uint8 [H, W, 3] twice -> float32 [H, W].

        inside: bool [H, W], the pixels wanted; the others come back as 0.
        """
        code_1, code_2 = pack_colors(result), pack_colors(truth)
        differs = code_1 != code_2
        if inside is not None:
            differs &= inside
        error = np.zeros(code_1.shape, np.float32)
        code_1, code_2 = code_1[differs], code_2[differs]
        index_1, index_2 = self._look_up(code_1), self._look_up(code_2)
        if index_1 is not None and index_2 is not None:
            error[differs] = self._table[index_1, index_2]
        else:
            pairs = code_1.astype(np.uint64) << np.uint64(24) | code_2
            pairs, where = np.unique(pairs, return_inverse=True)
            first, second = unpack_colors(pairs >> np.uint64(24)), unpack_colors(pairs & np.uint64(0xFFFFFF))
            error[differs] = ciede2000(first, second)[where]
        return error

    def _look_up(self, codes: np.ndarray) -> np.ndarray | None:
        """uint32 [N] -> positions of the colours in the table, which learns new ones; None when it cannot hold them."""
        if self._index is None:
            self._index = np.full(1 << 24, -1, np.int16)
        index = self._index[codes]
        if not index.size or index.min() >= 0:
            return index
        unknown = codes[index < 0]
        if np.unique(unknown[:: max(1, unknown.size // 20000)]).size + len(self._colors) > self.max_colors:
            return None
        fresh = np.unique(unknown)
        if fresh.size + len(self._colors) > self.max_colors:
            return None
        self._index[fresh] = np.arange(len(self._colors), len(self._colors) + fresh.size)
        self._colors = np.concatenate([self._colors, unpack_colors(fresh)])
        known = len(self._table)
        table = np.zeros((len(self._colors),) * 2, np.float32)
        table[:known, :known] = self._table
        table[known:] = ciede2000(self._colors[known:, None], self._colors[None])
        table[:, known:] = table[known:].T
        self._table = table
        return self._index[codes]
