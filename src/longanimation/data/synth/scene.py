"""A drawn shot: characters, motion, camera, line style; any frame on demand, and its references."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from longanimation.data.synth.families import pick
from longanimation.data.synth.figures import Person
from longanimation.data.synth.motion import Pose, Track, keyed
from longanimation.data.synth.paint import INK, DrawnFrame, Painter, Shape
from longanimation.data.synth.palette import PaletteBuilder
from longanimation.data.synth.props import Prop
from longanimation.data.synth.style import LineStyle


@dataclass(frozen=True)
class SceneReference:
    """A painted reference. image uint8 [H, W, 3] with its lines on top; frame: its place in the shot (key_frame) or None (sheet)."""

    image: np.ndarray
    lines: np.ndarray
    labels: np.ndarray
    parts: np.ndarray
    frame: int | None
    kind: str


class Scene:
    """One shot, fixed by what is passed in. Make one with `Scene.random`."""

    def __init__(self, *, actors, tracks, palette, shadow_of, style, frames, size, seed, camera, background=(), light=None, reference_plan=()):
        self.actors = actors
        self.tracks = tracks
        self.palette = palette
        self.shadow_of = shadow_of
        self.style = style
        self.frames = frames
        self.size = tuple(size)
        self.seed = seed
        self.camera = camera
        self.background = list(background)
        self.light = light
        self.reference_plan = list(reference_plan)
        self.shadow_part = 4096
        self._references: list[SceneReference] | None = None

    def __len__(self) -> int:
        return self.frames

    @classmethod
    def random(cls, seed, *, split="train", frames=100, size=(128, 224), line_style=None, characters=None, references=None) -> Scene:
        """A scene fixed by its seed, split and options. See the module docstring of `longanimation.data.synth`."""
        from longanimation.data.synth.casting import cast

        return cast(cls, seed, split=split, frames=frames, size=size, line_style=line_style, characters=characters, references=references)

    def resized(self, size: tuple[int, int]) -> Scene:
        """The same scene at another raster size."""
        other = object.__new__(type(self))
        other.__dict__.update(self.__dict__)
        other.size = tuple(size)
        other._references = None
        return other

    def render(self, index: int) -> DrawnFrame:
        """Frame `index` (0-based, 0 <= index < len(self))."""
        if not 0 <= index < self.frames:
            raise IndexError(f"frame {index} of a scene of {self.frames} frames")
        shapes: list[Shape] = list(self._background(index))
        items = []
        for actor, track in zip(self.actors, self.tracks, strict=True):
            items.append((track.place(index), track.pose(index), actor))
        items.sort(key=lambda e: e[0][1])
        for place, pose, actor in items:
            shapes += self._put(actor.draw(pose), *place, self._view(index))
        hold = self.tracks[0].hold if self.tracks else 1
        return self._paint(shapes, index // hold * hold)

    def _view(self, index: int) -> tuple[float, float, float]:
        cx, cy, zoom = self.camera
        return keyed(cx, index), keyed(cy, index), keyed(zoom, index)

    def _put(self, shapes: list[Shape], x, y, scale, roll, view) -> list[Shape]:
        cx, cy, zoom = view
        c, s = math.cos(roll) * scale * zoom, math.sin(roll) * scale * zoom
        matrix = np.array([[c, s], [-s, c]], np.float32)
        origin = np.array(((x - cx) * zoom, (y - cy) * zoom), np.float32)
        for shape in shapes:
            shape.points = shape.points @ matrix + origin
        out = []
        for shape in shapes:
            out.append(shape)
            if self.light is not None and shape.fill and not shape.clip and shape.line == INK:
                low, high = shape.points.min(0), shape.points.max(0)
                extent = min(high - low)
                if extent > 0.05:
                    shift = np.array(self.light, np.float32) * extent
                    out.append(Shape(shape.points + shift, 0, 0, 2, shade=True, clip=True, fill=False))
        return out

    def _background(self, index: int):
        if not self.background:
            return []
        cx, cy, zoom = self._view(index)
        out = []
        for points, part, colour in self.background:
            p = (np.asarray(points, np.float32) - np.array((cx, cy), np.float32)) * zoom
            out.append(Shape(p, part, colour))
        return out

    def _paint(self, shapes: list[Shape], moment: int) -> DrawnFrame:
        return Painter(self.size, self.style).paint(shapes, self.shadow_of, (self.seed * 1_000_003 + moment) % (1 << 62), self.shadow_part)

    def colours(self, frame: DrawnFrame) -> np.ndarray:
        """The painted frame with its lines on top, uint8 [H, W, 3]."""
        paint = self.palette[frame.labels].astype(np.uint16)
        alpha = frame.ink[..., 3:].astype(np.uint16)
        return ((paint * (255 - alpha) + frame.ink[..., :3] * alpha + 127) // 255).astype(np.uint8)

    def sheet(self, actor_index: int) -> DrawnFrame:
        """A character sheet: the character alone, standing, seen from the front (or a little turned)."""
        actor = self.actors[actor_index]
        yaw = (0.0, 0.35, -0.35)[(self.seed + actor_index) % 3]
        shapes = self._put(actor.draw(Pose(yaw=yaw, head_yaw=yaw)), 0.0, 0.44, 0.86, 0.0, (0.0, 0.0, 1.0))
        return self._paint(shapes, -1 - actor_index)

    def reference(self, kind: str, at: int) -> SceneReference:
        drawn = self.render(at) if kind == "key_frame" else self.sheet(at)
        return SceneReference(self.colours(drawn), drawn.lines, drawn.labels, drawn.parts, at if kind == "key_frame" else None, kind)

    @property
    def references(self) -> list[SceneReference]:
        if self._references is None:
            self._references = [self.reference(kind, at) for kind, at in self.reference_plan]
        return self._references


__all__ = ["Scene", "SceneReference", "Person", "Prop", "Track", "PaletteBuilder", "LineStyle", "pick"]
