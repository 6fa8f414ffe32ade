"""A drawn shot: characters, motion, camera, pen; any frame on demand, and its references."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from longanimation.data.synth import reveals
from longanimation.data.synth.casting import cast
from longanimation.data.synth.motion import Pose, keyed
from longanimation.data.synth.paint import DrawnFrame, Sheet, finish, paint
from longanimation.data.synth.shapes import BODY, SHADE_OUT, TRACE, Shape
from longanimation.errors import InputError

_WHOLE = (0.0, 0.0, 1.0)
LOOKS = ("flat", "painted", "mixed")


@dataclass(frozen=True)
class SceneReference:
    """A painted reference. image: uint8 [H, W, 3], lines on top; frame: its place in the shot, if it is a key frame."""

    image: np.ndarray
    lines: np.ndarray
    labels: np.ndarray
    parts: np.ndarray
    frame: int | None
    kind: str


class Scene:
    """One shot, fixed by what is passed in. Make a random one with `Scene.random`.

    actors draw themselves in a pose; tracks say where and how; camera: keyed (x, y, zoom). light: direction of the
    shadows, None for none. reference_plan: ("key_frame", frame), ("sheet", actor), ("background", frame) each; None to
    choose.
    """

    def __init__(
        self,
        *,
        actors,
        tracks,
        palette,
        shadow_of,
        style,
        frames,
        size,
        seed,
        camera,
        background=(),
        light=None,
        reference_plan=None,
    ):
        self.actors, self.tracks = list(actors), list(tracks)
        self.palette, self.shadow_of = palette, shadow_of
        self.style, self.frames, self.size, self.seed = style, int(frames), tuple(size), int(seed)
        self.camera, self.background, self.light = camera, list(background), light
        self._plan = reference_plan

    def __len__(self) -> int:
        return self.frames

    @classmethod
    def random(
        cls, seed: int, *, split: str = "train", frames: int = 100, size: tuple[int, int] = (128, 224),
        line_style: str | None = None,
        characters: int | None = None, references: list[tuple[str, int]] | None = None, reveal: bool = False,
        shading: bool | None = None, background: bool | None = None,
        look: str = "flat", finish: str | None = None, backdrop: tuple[str, str, str] | None = None,
        inked: bool | None = None,
    ) -> Scene:  # fmt: skip
        """A scene fixed by its seed, split and options.

        size: (height, width), of the raster only. line_style: one of LINE_STYLES. characters: how many, with props.
        references: see `reference_plan`. reveal: the first character shows its back, with colours no reference has,
        at about 30 % of the shot, leaves, and shows it again from about 75 %. shading, background: with or without;
        None: at random.

        look: "flat" colours; "painted" gives a `PaintedScene`: a painted background with its prompt, shaded
        characters, more clothes and things in hands, fast moves; "mixed": one or the other by seed. finish, backdrop,
        inked: of a painted scene, see there (shading and background are then not asked).
        """
        if look not in LOOKS:
            raise InputError(f"look is one of {', '.join(LOOKS)}, not {look!r}")
        if look == "painted" or (look == "mixed" and np.random.default_rng([seed, 41]).random() < 0.5):
            from longanimation.data.synth.painted_scene import PaintedScene

            return PaintedScene.random(
                seed, split=split, frames=frames, size=size, line_style=line_style, characters=characters,
                references=references, reveal=reveal, finish=finish, backdrop=backdrop, inked=inked,
            )  # fmt: skip
        options = {
            "line_style": line_style,
            "characters": characters,
            "reveal": reveal,
            "shading": shading,
            "background": background,
        }
        parts = cast(seed, split=split, frames=frames, size=size, **options)
        return cls(**parts, reference_plan=references or ([("key_frame", 0)] if reveal else None))

    def resized(self, size: tuple[int, int]) -> Scene:
        """The same scene at another raster size."""
        return Scene(
            actors=self.actors, tracks=self.tracks, palette=self.palette, shadow_of=self.shadow_of, style=self.style,
            frames=self.frames,
            size=size, seed=self.seed, camera=self.camera, background=self.background, light=self.light,
            reference_plan=self.reference_plan,
        )  # fmt: skip

    def render(self, index: int) -> DrawnFrame:
        """Frame `index` (0-based)."""
        return finish(self.draw(index), self.style, self._seed(index))

    def draw(
        self, index: int, *, size: tuple[int, int] | None = None, reframe: tuple[float, float, float] = _WHOLE
    ) -> Sheet:
        """Frame `index` without ink, at `size`; reframe: a further (x, y, zoom) on top of the shot's camera."""
        if not 0 <= index < self.frames:
            raise IndexError(f"frame {index} of a scene of {self.frames} frames")
        view = self.view(index, reframe)
        return paint(self.shapes(index, view), size or self.size, self.style, self._seed(index), self.shadow_of)

    def view(self, index: int, reframe: tuple[float, float, float] = _WHOLE) -> tuple[float, float, float]:
        """The camera at frame `index`: x and y of what is in the middle, zoom."""
        cx, cy, zoom = (keyed(k, float(index)) for k in self.camera)
        return cx + reframe[0] / zoom, cy + reframe[1] / zoom, zoom * reframe[2]

    def shapes(self, index: int, view: tuple[float, float, float]) -> list[Shape]:
        """All shapes of frame `index` in painter's order, in frame units."""
        shapes = self._backdrop(view)
        cast_now = [
            (t.place(index), t.pose(index), a)
            for a, t in zip(self.actors, self.tracks, strict=True)
            if t.present(index)
        ]
        for place, pose, actor in sorted(cast_now, key=lambda e: e[0][1]):
            shapes += self._put(actor.draw(pose, place[2] * view[2]), place, view)
        return shapes

    def draw_sheet(self, actor: int, *, size: tuple[int, int] | None = None) -> Sheet:
        """A character sheet: one actor alone, standing, facing us or a little turned."""
        return paint(self.sheet_shapes(actor), size or self.size, self.style, self._seed(-1 - actor), self.shadow_of)

    def sheet_shapes(self, actor: int) -> list[Shape]:
        """All shapes of a character sheet."""
        yaw = (0.0, 0.35, -0.35, 0.7)[(self.seed + actor) % 4]
        pose = Pose(yaw=yaw, head_yaw=yaw * 0.8, arms=((0.1, 0.35, 0.15), (0.1, 0.35, 0.15)))
        return self._put(self.actors[actor].draw(pose, 0.86), (0.0, 0.44, 0.86, 0.0), _WHOLE)

    def sheet(self, actor: int) -> DrawnFrame:
        """`draw_sheet` with its ink."""
        return finish(self.draw_sheet(actor), self.style, self._seed(-1 - actor))

    def draw_empty(self, index: int, *, size: tuple[int, int] | None = None) -> Sheet:
        """The background of frame `index` alone."""
        return paint(self._backdrop(self.view(index)), size or self.size, self.style, self._seed(index), self.shadow_of)

    def empty_frame(self, index: int) -> DrawnFrame:
        """`draw_empty` with its ink."""
        return finish(self.draw_empty(index), self.style, self._seed(index))

    def painted(self, frame: DrawnFrame) -> np.ndarray:
        """The frame painted, with its ink on top, uint8 [H, W, 3]."""
        flat = self.palette[frame.labels] if frame.colour is None else frame.colour
        paint = flat.astype(np.uint16)
        alpha = frame.ink[..., 3:].astype(np.uint16)
        return ((paint * (255 - alpha) + frame.ink[..., :3] * alpha + 127) // 255).astype(np.uint8)

    def actors_seen(self, index: int) -> int:
        """How many actors stand inside the frame (quick: from their place alone)."""
        cx, _, zoom = self.view(index)
        half = 0.5 * self.size[1] / self.size[0]
        return sum(t.present(index) and abs((t.place(index)[0] - cx) * zoom) < half for t in self.tracks)

    @cached_property
    def reference_plan(self) -> list[tuple[str, int]]:
        return reveals.choose_references(self) if self._plan is None else list(self._plan)

    @cached_property
    def references(self) -> list[SceneReference]:
        return [self.painted_reference(kind, at) for kind, at in self.reference_plan]

    def painted_reference(self, kind: str, at: int) -> SceneReference:
        """One entry of a reference plan, painted."""
        drawn = self.reference(kind, at)
        frame = at if kind == "key_frame" else None
        return SceneReference(self.painted(drawn), drawn.lines, drawn.labels, drawn.parts, frame, kind)

    def reference(self, kind: str, at: int) -> DrawnFrame:
        """One entry of the reference plan, drawn."""
        return {"key_frame": self.render, "sheet": self.sheet, "background": self.empty_frame}[kind](at)

    @cached_property
    def _found(self) -> tuple[list[reveals.Reveal], list[int]]:
        return reveals.find_reveals(self)

    @property
    def reveals(self) -> list[reveals.Reveal]:
        """Stretches of frames showing colours that no reference has but that were seen, and had gone, before."""
        return self._found[0]

    @property
    def key_events(self) -> list[int]:
        """Frames where such colours are first seen best; nothing can know them there: their truth is given."""
        return self._found[1]

    def _seed(self, index: int) -> int:
        hold = self.tracks[0].hold if self.tracks and index >= 0 else 1
        return abs((self.seed * 1_000_003 + (index // hold * hold) * 7919 + 17) % (1 << 61))

    def _backdrop(self, view) -> list[Shape]:
        cx, cy, zoom = view
        corner, scale = np.array((cx, cy), np.float32), np.float32(zoom)
        return [
            Shape((s.points - corner) * scale, s.part, s.colour, s.line, s.role, s.stroke, s.width)
            for s in self.background
        ]

    def _put(self, shapes: list[Shape], place, view) -> list[Shape]:
        x, y, scale, roll = place
        cx, cy, zoom = view
        c, s = math.cos(roll) * scale * zoom, math.sin(roll) * scale * zoom
        matrix = np.array([[c, s], [-s, c]], np.float32)
        origin = np.array(((x - cx) * zoom, (y - cy) * zoom), np.float32)
        ends = np.cumsum([len(shape.points) for shape in shapes])
        points = np.concatenate([shape.points for shape in shapes]) @ matrix + origin
        out, begin = [], 0
        for shape, end in zip(shapes, ends.tolist(), strict=True):
            shape.points = points[begin:end]
            begin = end
            out.append(shape)
            if self.light is not None and shape.role == BODY:
                extent = float(np.ptp(shape.points, 0).min())
                if extent > 0.04:
                    shift = np.array(self.light, np.float32) * extent
                    out.append(Shape(shape.points + shift, 0, 0, TRACE, SHADE_OUT))
        return out
