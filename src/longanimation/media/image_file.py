"""One still picture: from any common file to uint8 RGB or RGBA, and back to PNG."""

from __future__ import annotations

import os
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageOps

from longanimation.errors import InputError

IMAGE_SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".tga", ".tif", ".tiff", ".webp", ".bmp"})

# Run-length matching suits flat colour: smaller files than the default search at half the time.
_PNG_OPTIONS = [cv2.IMWRITE_PNG_COMPRESSION, 1, cv2.IMWRITE_PNG_STRATEGY, cv2.IMWRITE_PNG_STRATEGY_RLE]
_EXIF_ORIENTATION = 0x0112


def is_image(path: str | os.PathLike) -> bool:
    """True if the suffix is one of the picture formats that can be read."""
    return Path(path).suffix.lower() in IMAGE_SUFFIXES


def read_image(path: str | os.PathLike, *, what: str = "picture") -> np.ndarray:
    """Read one picture as uint8 [H, W, 3] sRGB, or [H, W, 4] straight alpha if the file has transparency.

    16-bit samples are scaled to 8 bits; grey, palette, 1-bit, CMYK and camera orientation are resolved. Raises
    InputError naming the file (`what` says what it is to the user, e.g. "frame 37").
    """
    path = Path(path)
    try:
        with Image.open(path) as image:
            image.load()
            return _to_array(image)
    except FileNotFoundError:
        raise InputError(f"{what} not found: {path}") from None
    except IsADirectoryError:
        raise InputError(f"{what} is a folder, not a picture: {path}") from None
    except MemoryError:
        raise
    except Exception as error:  # decoders raise nearly anything on damaged files
        raise InputError(f"{what} cannot be read: {path} ({_reason(error)}); replace the file") from error


def image_size(path: str | os.PathLike, *, what: str = "picture") -> tuple[int, int]:
    """Height and width from the header alone, as `read_image` will return them. Raises InputError like it."""
    path = Path(path)
    try:
        with Image.open(path) as image:
            width, height = image.size
            if image.format in ("JPEG", "WEBP") and image.getexif().get(_EXIF_ORIENTATION, 1) >= 5:
                width, height = height, width
            return height, width
    except FileNotFoundError:
        raise InputError(f"{what} not found: {path}") from None
    except Exception as error:
        raise InputError(f"{what} cannot be read: {path} ({_reason(error)}); replace the file") from error


def encode_png(frame: np.ndarray) -> bytes:
    """PNG bytes of uint8 [H, W], [H, W, 3] RGB or [H, W, 4] RGBA. The same frame always gives the same bytes."""
    if frame.ndim == 3:
        frame = cv2.cvtColor(frame, cv2.COLOR_RGB2BGR if frame.shape[2] == 3 else cv2.COLOR_RGBA2BGRA)
    done, data = cv2.imencode(".png", frame, _PNG_OPTIONS)
    if not done:
        raise ValueError(f"cannot encode an array of shape {frame.shape} and type {frame.dtype} as PNG")
    return data.tobytes()


def _reason(error: Exception) -> str:
    if isinstance(error, Image.UnidentifiedImageError):
        return "damaged or not a picture"
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__


def _to_array(image: Image.Image) -> np.ndarray:
    if image.format in ("JPEG", "WEBP"):
        image = ImageOps.exif_transpose(image)
    if image.mode.startswith("I") or image.mode == "F":
        grey = _deep_grey(image)
        return np.repeat(grey[:, :, None], 3, axis=2)
    see_through = image.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in image.info
    if image.mode == "La":  # no direct way to RGBA
        image = image.convert("LA")
    array = np.array(image.convert("RGBA" if see_through else "RGB"))
    if see_through and image.format in ("TGA", "BMP") and not array[..., 3].any() and np.ptp(array[..., :3]) > 0:
        return np.ascontiguousarray(array[..., :3])  # 32-bit file whose fourth byte was never filled in
    return array


def _deep_grey(image: Image.Image) -> np.ndarray:
    """uint8 [H, W] from 16-bit, 32-bit or floating-point grey, scaled, never clipped."""
    values = np.asarray(image)
    if image.mode == "F":
        top = 1.0 if values.max(initial=0) <= 1 else 255.0 if values.max() <= 255 else 65535.0
    else:  # mode "I" is a 16-bit PNG in some Pillow versions, else true 32 bits
        top = 65535.0 if values.max(initial=0) <= 65535 else float(2**31 - 1)
    return np.clip(np.rint(values.astype(np.float64) * (255.0 / top)), 0, 255).astype(np.uint8)
