"""A painted background that a camera can move over."""

from __future__ import annotations

import math
import zlib

import cv2
import numpy as np

from longanimation.data.synth.backdrop.built import PLAIN
from longanimation.data.synth.backdrop.canvas import Canvas
from longanimation.data.synth.backdrop.layer import Ground
from longanimation.data.synth.backdrop.light import LIGHTS
from longanimation.data.synth.backdrop.vocabulary import PLACES, WEATHERS, phrases
from longanimation.data.synth.backdrop.weather import Weather
from longanimation.data.synth.families import pick
from longanimation.errors import InputError

_SHARPEST = 1.5  # pixels painted for one of the frame, at most


class Backdrop:
    """place, light and weather: one each of the vocabulary. reach: how far the camera's centre goes from the middle
    (x, y) and its smallest and largest zoom; so much is painted. Fixed by (seed, these)."""

    def __init__(self, seed: int, place: str, light: str, weather: str, *, aspect: float, reach=(0.3, 0.1, 0.75, 1.5)):
        for name, value, known in (("place", place, PLACES), ("light", light, LIGHTS), ("weather", weather, WEATHERS)):
            if value not in known:
                raise InputError(f"{name} {value!r} is none of {', '.join(known)}")
        self.place, self.weather_name, self.aspect = place, weather, aspect
        rng = np.random.default_rng([seed, 21, zlib.crc32(place.encode())])
        self.light = LIGHTS[light].varied(rng)
        half = 0.5 * aspect / reach[2] + reach[0] + 0.2
        low = max(0.5 / reach[2] + reach[1] + 0.1, 0.72)
        self.box = (-half, -low, half, low)
        horizon = float(rng.uniform(0.08, 0.26)) if place != "sky" else float(rng.uniform(0.24, 0.4))
        colour = PLAIN[int(rng.integers(0, len(PLAIN)))][0]
        clouded = weather != "clear" or light == "cloudy"
        ground = Ground(rng, self.light, half + 0.3, horizon, low + 0.05, clouded, colour)
        self.horizon = horizon
        self.layers = PLACES[place](ground)
        self.phrases = phrases(place, light, weather, colour)
        self.weather = Weather(weather, np.random.default_rng([seed, 22]), self.light, aspect)
        self._scale = min(reach[3], _SHARPEST)
        self._painted: dict[int, list[np.ndarray]] = {}
        self._last: tuple | None = None

    @classmethod
    def random(cls, seed: int, *, split: str, aspect: float, reach) -> Backdrop:
        """Any of the vocabulary that the split may use."""
        rng = np.random.default_rng([seed, 24, zlib.crc32(split.encode())])
        place, light = pick(rng, "place", split), pick(rng, "light", split)
        falls = rng.random()
        weather = "rain" if falls < 0.14 else "snow" if falls < 0.24 or (place == "snow" and falls < 0.5) else "clear"
        if place in ("room", "plain", "desert") or (weather == "rain" and place == "snow"):
            weather = "clear"
        if weather != "clear" and light not in ("night", "dusk"):
            light = "cloudy"
        if place == "plain":
            light = "day"
        return cls(seed, place, light, weather, aspect=aspect, reach=reach)

    @property
    def families(self) -> dict[str, str]:
        return {"place": self.place, "light": self.light.name}

    def picture(self, size: tuple[int, int], view: tuple[float, float, float], frame: int) -> np.ndarray:
        """The background alone, uint8 [H, W, 3], new. view: centre of the camera (x, y) and zoom."""
        key = (size, view, frame if any(la.drift or la.sway for la in self.layers) else 0)
        if self._last is None or self._last[0] != key:
            self._last = (key, self._compose(size, view, frame))
        out = self._last[1].copy()
        self.weather.fall(out, frame, near=False)
        return out

    def layout(self, size, view: tuple[float, float, float], frame: int) -> list[tuple[np.ndarray, list[np.ndarray]]]:
        """A layout drawing of it, layer by layer from far to near: (bool [H, W], what the layer hides; its lines,
        float32 [n, 2] each, in frame units)."""
        out = []
        for layer, (pixels, scale) in zip(self.layers, self._layers(size[0]), strict=True):
            at = self._layer_view(layer, view, frame)
            alpha = self._warped(np.ascontiguousarray(pixels[..., 3]), scale, size, at)
            lines = [((line - at[:2]) * at[2]).astype(np.float32) for line in layer.sketch if len(line) > 1]
            out.append((alpha > 127, lines))
        return out

    def _layer_view(self, layer, view, frame: int) -> tuple[float, float, float]:
        x, y, zoom = view
        moved = layer.drift * frame + layer.sway * math.sin(0.09 * frame)
        return x * layer.follow - moved, y * layer.follow, zoom ** max(layer.follow, 0.25)

    def _compose(self, size, view, frame: int) -> np.ndarray:
        out = None
        for layer, (pixels, scale) in zip(self.layers, self._layers(size[0]), strict=True):
            part = self._warped(pixels, scale, size, self._layer_view(layer, view, frame))
            if out is None:
                out = part[..., :3].copy()
                continue
            through = 255 - part[..., 3:].astype(np.uint16)
            out = (part[..., :3] + (out * through + 127) // 255).clip(0, 255).astype(np.uint8)
        return out

    def _warped(self, pixels: np.ndarray, scale: float, size, view) -> np.ndarray:
        """What the camera sees of one layer."""
        (height, width), (x, y, zoom) = size, view
        k = scale / (height * zoom)  # layer pixels a frame pixel
        across = (x - self.box[0]) * scale - 0.5 - k * (width / 2 - 0.5)
        down = (y - self.box[1]) * scale - 0.5 - k * (height / 2 - 0.5)
        matrix = np.array([[k, 0, across], [0, k, down]])
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        return cv2.warpAffine(pixels, matrix, (width, height), flags=flags, borderMode=cv2.BORDER_REPLICATE)

    def _layers(self, height: int) -> list[tuple[np.ndarray, float]]:
        """Pixels and scale of each layer, painted once for the latest frame height."""
        if height not in self._painted:
            self._painted = {height: [self._paint(layer, height) for layer in self.layers]}
        return self._painted[height]

    def _paint(self, layer, height: int) -> tuple[np.ndarray, float]:
        scale = height * self._scale
        canvas = Canvas(self.box, scale)
        layer.draw(canvas)
        return canvas.pixels, scale
