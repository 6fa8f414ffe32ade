"""A shot with a painted background: the flat scene's cast, richer, and an RGB truth beside the labels."""

from __future__ import annotations

import copy
import math
import zlib
from dataclasses import replace
from functools import cached_property

import cv2
import numpy as np

from longanimation.data.synth import pen, reveals
from longanimation.data.synth.backdrop import Backdrop
from longanimation.data.synth.backdrop.light import mix
from longanimation.data.synth.camera_moves import Camera
from longanimation.data.synth.casting import cast
from longanimation.data.synth.figures import Person
from longanimation.data.synth.motion import keyed
from longanimation.data.synth.paint import DrawnFrame, Sheet, finish, paint
from longanimation.data.synth.scene import _WHOLE, Scene
from longanimation.data.synth.sentences import prompts
from longanimation.data.synth.shading import bodies_of, soft_paint
from longanimation.data.synth.shapes import Shape, stroke
from longanimation.data.synth.wardrobe import Extras
from longanimation.errors import InputError

FINISHES = ("flat", "two_tone", "soft")
_PAPER = (255, 255, 255)


class PaintedScene(Scene):
    """Label 0 and part 0 are the background, whatever is painted there; palette[0] is its mean colour.

    backdrop: the `Backdrop`. finish: how the characters are painted: "flat", "two_tone" (shadow labels with traced
    borders) or "soft" (gradients and highlights in RGB only; labels stay flat). prompts: sentences that name what is
    seen, `prompt` is the first. sketched: the drawing has lines of the background; inked: and they stay on top of the
    paint; traced: coloured lines do. The prompt's background depends on the backdrop alone, the cast on the seed alone.
    """

    @classmethod
    def random(
        cls, seed: int, *, split: str = "train", frames: int = 100, size: tuple[int, int] = (128, 224),
        line_style: str | None = None, characters: int | None = None, references: list[tuple[str, int]] | None = None,
        reveal: bool = False, finish: str | None = None, backdrop: tuple[str, str, str] | None = None,
        camera: str | None = None, shakes: bool | None = None, sketched: bool | None = None,
        inked: bool | None = None,
    ) -> PaintedScene:  # fmt: skip
        """As `Scene.random`. backdrop: (place, light, weather) of the vocabulary. camera: "still", "pan", "whip",
        "zoom" or "both"; shakes, sketched, inked: with or without. None: at random."""
        if finish is not None and finish not in FINISHES:
            raise InputError(f"finish is one of {', '.join(FINISHES)}, not {finish!r}")
        rng = np.random.default_rng([seed, zlib.crc32(split.encode()), 31])
        drawn = str(rng.choice(FINISHES, p=(0.25, 0.25, 0.5)))
        finish = drawn if finish is None else finish
        tempo = float(rng.uniform(1.5, 2.4)) if rng.random() < 0.25 else 1.0
        choices = rng.random(6)
        moves = Camera(np.random.default_rng([seed, 32]), frames, camera, shakes)
        aspect = size[1] / size[0]
        parts = cast(
            seed, split=split, frames=frames, size=size, line_style=line_style, characters=characters, reveal=reveal,
            shading=finish == "two_tone", background=False,
            extras=Extras(np.random.default_rng([seed, zlib.crc32(split.encode()), 33]), tempo),
        )  # fmt: skip
        if backdrop is None:
            behind = Backdrop.random(seed, split=split, aspect=aspect, reach=moves.reach)
        else:
            behind = Backdrop(seed, *backdrop, aspect=aspect, reach=moves.reach)
        small = behind.picture((32, max(8, round(32 * aspect))), _WHOLE, 0)
        parts["palette"] = parts["palette"].copy()
        parts["palette"][0] = np.rint(small.reshape(-1, 3).mean(0))
        parts["camera"] = moves.keys
        scene = cls(**parts, reference_plan=references or ([("key_frame", 0)] if reveal else None))
        scene.backdrop, scene.finish, scene.moves, scene.tempo = behind, finish, moves, tempo
        scene.sketched = bool(choices[0] < 0.5) if sketched is None else sketched
        scene.inked = scene.sketched and (bool(choices[1] < 0.35) if inked is None else inked)
        scene.traced = bool(choices[5] < 0.3)
        scene.tinted = finish == "soft" and bool(choices[2] < 0.5)
        scene._toward = _unit(math.pi * (1.15 + 0.7 * choices[3]))
        scene._depth = 0.55 + 0.4 * float(choices[4])
        scene.prompts = prompts(scene.actors, scene.palette, behind.phrases, np.random.default_rng([seed, 34]))
        return scene

    @property
    def prompt(self) -> str:
        return self.prompts[0]

    @property
    def own_families(self) -> dict[str, str]:
        """Families of the scene itself, by slot."""
        return self.backdrop.families

    def resized(self, size: tuple[int, int]) -> PaintedScene:
        """The same scene at another raster size."""
        other = copy.copy(self)
        for name in ("references", "reference_plan", "_found"):
            other.__dict__.pop(name, None)
        other.size, other._plan = tuple(size), self.reference_plan
        return other

    def view(self, index: int, reframe: tuple[float, float, float] = _WHOLE) -> tuple[float, float, float]:
        """The camera with its shakes."""
        x, y, zoom = super().view(index, reframe)
        off = self.moves.shake(index)
        return x + off[0], y + off[1], zoom

    def draw(
        self, index: int, *, size: tuple[int, int] | None = None, reframe: tuple[float, float, float] = _WHOLE
    ) -> Sheet:
        """As `Scene.draw`, with the layout lines of the background."""
        sheet = super().draw(index, size=size, reframe=reframe)
        return replace(sheet, lines=self._with_layout(sheet, index, self.view(index, reframe)))

    def render(self, index: int) -> DrawnFrame:
        """Frame `index` (0-based), with its paint."""
        if not 0 <= index < self.frames:
            raise IndexError(f"frame {index} of a scene of {self.frames} frames")
        view = self.view(index)
        shapes = self.shapes(index, view)
        sheet = paint(shapes, self.size, self.style, self._seed(index), self.shadow_of)
        lines = self._with_layout(sheet, index, view)
        drawn = finish(sheet, self.style, self._seed(index))
        drawn = replace(drawn, ink=self._ink(shapes, sheet, index, view))
        behind = self.backdrop.picture(self.size, view, index)
        self._shadows(behind, index, view)
        colour = self._characters(sheet, shapes, behind, view[2])
        if self.finish == "soft":
            self.backdrop.weather.fall(colour, index, near=True)
        return replace(drawn, lines=lines, colour=colour)

    def sheet(self, actor: int) -> DrawnFrame:
        """A character sheet on white paper, painted as the shot is, in neutral light."""
        drawn = super().sheet(actor)
        paper = np.full((*self.size, 3), _PAPER, np.uint8)
        plain = Sheet(drawn.lines, None, drawn.labels, drawn.parts)
        return replace(drawn, colour=self._characters(plain, self.sheet_shapes(actor), paper, 1.0, neutral=True))

    def empty_frame(self, index: int) -> DrawnFrame:
        """The background of frame `index` alone, with its layout lines."""
        labels, parts = np.zeros(self.size, np.uint8), np.zeros(self.size, np.uint16)
        view = self.view(index)
        lines = self._layout(self.size, index, view)
        sheet = Sheet(lines if self.inked else np.full(self.size, 255, np.uint8), None, labels, parts)
        drawn = finish(sheet, replace(self.style, scan=False), self._seed(index))
        return replace(drawn, lines=lines, colour=self.backdrop.picture(self.size, view, index))

    @cached_property
    def reference_plan(self) -> list[tuple[str, int]]:
        """One to three of: key frames, character sheets, a background picture."""
        if self._plan is not None:
            return list(self._plan)
        plan = reveals.choose_references(self)[:3]
        rng = np.random.default_rng([self.seed, 35])
        add_sheet, add_background, at = rng.random(), rng.random(), int(rng.integers(0, self.frames))
        keys = plan[0][0] == "key_frame"
        if keys and add_sheet < 0.2 and len(plan) < 3:
            plan.append(("sheet", at % len(self.actors)))
        elif keys and add_sheet < 0.35 and len(plan) < 3 and ("key_frame", at) not in plan:
            plan.append(("key_frame", at))
        if add_background < (0.15 if keys else 0.5) and len(plan) < 3:
            plan.append(("background", at))
        return plan

    def _ink(self, shapes: list[Shape], sheet: Sheet, index: int, view) -> np.ndarray:
        """What stays on top of the paint: lines before a machine has read them, coloured traces only in some scenes."""
        style = self.style
        if style.machine:
            style = replace(style, machine=False)
            sheet = paint(shapes, self.size, style, self._seed(index), self.shadow_of)
        if self.inked:
            sheet = replace(sheet, lines=self._with_layout(sheet, index, view))
        ink = finish(sheet, style, self._seed(index)).ink
        if sheet.trace is not None and not self.traced:
            ink[..., 3][sheet.trace < 255] = 0
        return ink

    def _with_layout(self, sheet: Sheet, index: int, view) -> np.ndarray:
        if not self.sketched:
            return sheet.lines
        layout = self._layout(sheet.lines.shape, index, view)
        return np.where(sheet.parts == 0, np.minimum(sheet.lines, layout), sheet.lines)

    def _layout(self, size, index: int, view) -> np.ndarray:
        fine = replace(self.style, thickness=min(self.style.thickness, 0.004), machine=False)
        seed = self._seed(index) + 1
        out = np.full(size, 255, np.uint8)
        for hides, lines in self.backdrop.layout(size, view, index):
            out[hides] = 255
            if lines:
                np.minimum(out, paint([stroke(line, 0.6) for line in lines], size, fine, seed).lines, out=out)
        return pen.machine_lines(out, None, self.style, seed) if self.style.machine else out

    def _shadows(self, picture: np.ndarray, index: int, view) -> None:
        """Soft shadows on the ground, below whoever stands there."""
        if self.backdrop.place in ("sky", "plain"):
            return
        height, width = picture.shape[:2]
        mask = np.zeros((height, width), np.uint8)
        for actor, track in zip(self.actors, self.tracks, strict=True):
            if not track.present(index) or actor.families.get("actor") == "effect":
                continue
            x, y, scale, _ = track.place(index)
            centre = (x - view[0]) * view[2] * height + width / 2, (y - view[1]) * view[2] * height + height / 2
            half = 0.2 * scale * view[2] * height
            if -half < centre[0] < width + half and centre[1] < height + half:
                axes = max(1, round(half)), max(1, round(0.2 * half))
                cv2.ellipse(mask, (round(centre[0]), round(centre[1])), axes, 0, 0, 360, 110, -1)
        if mask.any():
            soft = cv2.GaussianBlur(mask, (0, 0), max(0.8, 0.012 * height)).astype(np.float32)[..., None] / 255
            picture[:] = np.rint(picture * (1 - soft * (0.62, 0.55, 0.42)))

    def _characters(self, sheet: Sheet, shapes: list[Shape], behind: np.ndarray, zoom: float, neutral=False):
        """Characters over what is behind them."""
        who = sheet.parts > 0
        flat = self.palette[sheet.labels]
        if self.finish == "soft":
            identity = sheet.parts & 4095
            tint = mix((1, 1, 1), self.backdrop.light.tint, 0.45) if self.tinted and not neutral else (1.0, 1.0, 1.0)
            scale = 0.9 if neutral else max(keyed(t.scale, 0.0) for t in self.tracks) * zoom
            flat = soft_paint(
                flat, bodies_of(shapes)[identity], np.isin(identity, self._hair), toward=self._toward,
                reach=min(max(scale, 0.4), 2.2), depth=self._depth, tint=tint,
                rim=_PAPER if neutral else self.backdrop.light.sky[2],
            )  # fmt: skip
        return np.where(who[..., None], flat, behind)

    @cached_property
    def _hair(self) -> list[int]:
        """Parts that shine."""
        people = [a for a in self.actors if isinstance(a, Person) and a.families["actor"] == "person"]
        return [person.head.hair.part[name] for person in people for name in ("cap", "tail", "tail2")]


def _unit(angle: float) -> tuple[float, float]:
    return math.cos(angle), math.sin(angle)
