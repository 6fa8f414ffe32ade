"""Places that people built: city, room; and a plain backdrop."""

from __future__ import annotations

import numpy as np

from longanimation.data.synth.backdrop.layer import Ground, Layer, box, closed
from longanimation.data.synth.backdrop.light import hsv, mix
from longanimation.data.synth.backdrop.plants import Tree
from longanimation.data.synth.backdrop.skies import sky


def city(ground: Ground) -> list[Layer]:
    """Two or three rows of houses and a street."""
    rng = ground.rng
    layers = sky(ground, clouds=0.7)
    street = ground.horizon + 0.13
    for distance, follow, tall, wide in ((0.7, 0.25, 0.5, 0.13), (0.42, 0.5, 0.45, 0.2), (0.05, 0.9, 0.5, 0.36)):
        houses, x = [], -ground.half - float(rng.uniform(0, wide))
        while x < ground.half:
            w = wide * float(rng.uniform(0.6, 1.3))
            top = street - tall * float(rng.uniform(0.35, 1.15))
            houses.append(_House(ground, x, top, x + w, street, distance))
            x += w + (float(rng.uniform(0, 0.05)) if distance > 0.3 else 0.004)
        layers.append(
            Layer(
                lambda canvas, houses=houses: [house.draw(canvas) for house in houses],
                follow,
                sketch=[s for house in houses for s in house.sketch()] if distance < 0.6 else [],
            )
        )
    layers.append(_street(ground, street))
    return layers


class _House:
    """A block with rows of windows."""

    def __init__(self, ground: Ground, x0: float, y0: float, x1: float, y1: float, distance: float):
        rng, light = ground.rng, ground.light
        self.box = (x0, y0, x1, y1)
        base = hsv(float(rng.uniform(0.02, 0.62)), float(rng.uniform(0.04, 0.34)), float(rng.uniform(0.5, 0.92)))
        self.wall, self.shade = light.far(base, distance), light.far(mix(base, (60, 60, 90), 0.5), distance)
        self.columns, self.rows = int(rng.integers(2, 6)), max(2, int((y1 - y0) / float(rng.uniform(0.055, 0.09))))
        dark = light.far(mix(light.sky[1], (70, 90, 120), 0.5), distance * 0.8)
        warm = mix((255, 214, 128), light.haze, 0.4 * distance)
        lit = rng.random((self.rows, self.columns)) < (0.55 if light.lamps else 0.04)
        self.panes = [[warm if lit[r, c] else dark for c in range(self.columns)] for r in range(self.rows)]
        self.gap = float(rng.uniform(0.25, 0.5))
        self.roof = float(rng.uniform(0.008, 0.03))
        self.side = float(rng.choice((0.0, 0.18, 0.3)))

    def _windows(self):
        x0, y0, x1, y1 = self.box
        cw, ch = (x1 - x0) * (1 - self.side) / self.columns, (y1 - y0) / (self.rows + 0.5)
        for r in range(self.rows):
            for c in range(self.columns):
                x, y = x0 + cw * (c + self.gap / 2), y0 + ch * (r + 0.35)
                yield box(x, y, x + cw * (1 - self.gap), y + ch * 0.55), self.panes[r][c]

    def draw(self, canvas) -> None:
        x0, y0, x1, y1 = self.box
        canvas.fill(box(x0, y0, x1, y1 + 0.4), self.wall, mix(self.wall, self.shade, 0.45))
        split = x1 - self.side * (x1 - x0)
        if self.side:
            canvas.fill(box(split, y0, x1, y1 + 0.4), self.shade)
        canvas.fill(box(x0 - 0.006, y0 - self.roof, x1 + 0.006, y0), mix(self.shade, self.wall, 0.3))
        for pane, colour in self._windows():
            canvas.fill(pane, mix(colour, (255, 255, 255), 0.12), colour)

    def sketch(self) -> list[np.ndarray]:
        x0, y0, x1, y1 = self.box
        frame = np.array([(x0, y1), (x0, y0), (x1, y0), (x1, y1)])
        return [frame, *(closed(pane) for k, (pane, _) in enumerate(self._windows()) if k % 2 == 0)]


def _street(ground: Ground, y: float) -> Layer:
    rng, light = ground.rng, ground.light
    walk, road, mark = (light.near(c) for c in ((176, 172, 168), (98, 100, 110), (224, 222, 210)))
    curb = y + float(rng.uniform(0.06, 0.1))
    trees = [
        Tree(ground, float(x), y + 0.03, float(rng.uniform(0.26, 0.36)), 0.0, 0.3)
        for x in np.arange(-ground.half, ground.half, 0.7) + float(rng.uniform(0, 0.6))
    ] if rng.random() < 0.6 else []  # fmt: skip
    lamp = light.lamps
    posts = np.arange(-ground.half, ground.half, 0.55) + float(rng.uniform(0, 0.5))
    seed = ground.seed()
    wet = ground.clouded

    def draw(canvas) -> None:
        canvas.fill(box(-9, y, 9, curb), walk, mix(walk, road, 0.3))
        canvas.fill(box(-9, curb, 9, ground.low), road, mix(road, (0, 0, 0), 0.2))
        canvas.fill(box(-9, curb, 9, curb + 0.012), mix(walk, mark, 0.5))
        for x in np.arange(-ground.half, ground.half, 0.3):
            canvas.fill(
                [(x, curb + 0.1), (x + 0.14, curb + 0.1), (x + 0.13, curb + 0.12), (x - 0.02, curb + 0.12)], mark
            )
        if wet:
            canvas.tint(
                np.clip((canvas.noise(seed, 0.05, 3, 7) - 0.5) * 3, 0, 0.5) * (canvas.rows() > y)[:, None], light.sky[2]
            )
        canvas.brushed(seed, 0.05, 0.05, 3)
        for tree in trees:
            tree.draw(canvas)
        for x in posts:
            canvas.fill(box(x - 0.005, y - 0.24, x + 0.005, y + 0.03), mix(road, (20, 20, 30), 0.5))
            canvas.disc((x, y - 0.25), 0.016, (255, 236, 180) if lamp else mark)
            if lamp:
                canvas.glow((x, y - 0.25), 0.07, (255, 226, 160), 0.5)
                canvas.glow((x, y + 0.05), 0.1, (255, 216, 150), 0.35)

    line = np.array([(-ground.half, 0.0), (ground.half, 0.0)])
    return Layer(draw, 1.0, sketch=[line + (0, y), line + (0, curb), *(s for tree in trees for s in tree.sketch())])


def room(ground: Ground) -> list[Layer]:
    """A wall with a window, furniture, a floor."""
    rng, light = ground.rng, ground.light
    floor = ground.horizon + 0.08
    hue = float(rng.choice((0.08, 0.1, 0.13, 0.35, 0.55, 0.6, 0.95)))
    inside = (1.0, 0.9, 0.74) if light.lamps else tuple(0.25 + 0.75 * t for t in light.tint)

    def here(colour):
        return tuple(float(c * t) * (0.78 if light.lamps else 1.0) for c, t in zip(colour, inside, strict=True))

    wall, wood = (
        here(hsv(hue, float(rng.uniform(0.08, 0.3)), 0.93)),
        here(hsv(0.075, 0.48, float(rng.uniform(0.45, 0.75)))),
    )
    pane_x = float(rng.uniform(-0.5, 0.5))
    half, top, low = float(rng.uniform(0.18, 0.3)), -0.34, -0.02
    frame = here((240, 236, 226)) if rng.random() < 0.6 else wood
    cloth = here(hsv(float(rng.random()), float(rng.uniform(0.2, 0.6)), 0.88))
    shelf_x = pane_x + (half + 0.5) * (1 if rng.random() < 0.5 else -1)
    books = [
        (float(rng.uniform(0.012, 0.03)), float(rng.uniform(0.08, 0.12)), here(hsv(float(rng.random()), 0.5, 0.75)))
        for _ in range(60)
    ]
    view = sky(Ground(rng, light, ground.half, 0.05, ground.low, ground.clouded), clouds=0.8)
    seed = ground.seed()
    lamp = (shelf_x + 0.05, -0.3)
    lit = light.name in ("day", "dawn", "sunset") and not ground.clouded
    panes = [box(pane_x - half, top, pane_x - 0.008, low), box(pane_x + 0.008, top, pane_x + half, low)]

    def draw(canvas) -> None:
        canvas.fill(box(-9, -9, 9, floor), wall, mix(wall, (40, 30, 50), 0.14))
        rows = np.clip((canvas.rows() + 0.2) / 0.9, 0, 1)[:, None] * np.ones(canvas.shape[1], np.float32)
        canvas.tint(0.2 * rows, mix(wall, (50, 40, 70), 0.6))
        canvas.fill(box(-9, floor, 9, ground.low), wood, mix(wood, (20, 10, 10), 0.3))
        for k in range(-30, 31):
            canvas.line([(k * 0.12, floor), (k * 0.3, ground.low)], mix(wood, (20, 10, 10), 0.25), 0.003)
        canvas.tint(
            np.clip(canvas.noise(seed, 0.03, 2, 8) - 0.5, 0, 0.3) * (canvas.rows() > floor)[:, None], (40, 20, 10)
        )
        canvas.fill(box(-9, floor - 0.03, 9, floor), mix(wood, frame, 0.4))
        if lit:
            beam = np.array([(pane_x - half, floor + 0.04), (pane_x + half, floor + 0.04),
                             (pane_x + half - 0.25, floor + 0.3), (pane_x - half - 0.3, floor + 0.3)])  # fmt: skip
            canvas.fill(beam, mix(wood, light.sun, 0.45))
        _shelf(canvas, shelf_x, floor, wood, books)
        canvas.fill(box(pane_x - half - 0.025, top - 0.025, pane_x + half + 0.025, low + 0.025), frame)
        canvas.fill(box(pane_x - half - 0.05, low + 0.025, pane_x + half + 0.05, low + 0.045), mix(frame, wood, 0.3))
        for pane in panes:  # holes, to see the sky through
            canvas.cut(pane)
        for side in (-1, 1):
            x = pane_x + side * half
            for fold in range(4):
                a = x - side * (0.02 - 0.035 * fold)
                tone = mix(cloth, (60, 40, 60), 0.0 if fold % 2 else 0.16)
                canvas.fill(
                    [(a, top - 0.04), (a + side * 0.04, top - 0.04), (a + side * 0.05, low + 0.2), (a, low + 0.2)], tone
                )
        canvas.line(
            [(pane_x - half - 0.16, top - 0.045), (pane_x + half + 0.16, top - 0.045)], mix(wood, (0, 0, 0), 0.2), 0.012
        )
        if light.lamps:
            canvas.glow(lamp, 0.5, (255, 226, 164), 0.5)
        elif lit:
            canvas.glow((pane_x, -0.15), 0.45, light.sun, 0.3)

    sketch = [closed(p) for p in panes]
    sketch += [
        np.array([(-ground.half, floor), (ground.half, floor)]),
        closed(box(shelf_x - 0.2, floor - 0.5, shelf_x + 0.2, floor)),
    ]
    sketch += [np.array([(k * 0.24, floor), (k * 0.6, 0.7)]) for k in range(-8, 9)]
    return [*view, Layer(draw, 1.0, sketch=sketch)]


def _shelf(canvas, x: float, floor: float, wood, books) -> None:
    dark = mix(wood, (30, 15, 15), 0.5)
    canvas.fill(box(x - 0.2, floor - 0.5, x + 0.2, floor), wood)
    k = 0
    for row in range(3):
        y1 = floor - 0.03 - 0.155 * row
        canvas.fill(box(x - 0.18, y1 - 0.135, x + 0.18, y1), dark)
        at = x - 0.175
        while k < len(books) and at + books[k][0] < x + 0.175:
            w, h, colour = books[k]
            canvas.fill(box(at, y1 - h, at + w, y1), mix(colour, (255, 255, 255), 0.12), colour)
            at, k = at + w + 0.002, k + 1


PLAIN = (
    ("red", 0.0), ("orange", 0.08), ("yellow", 0.15), ("green", 0.35), ("blue", 0.58), ("violet", 0.75), ("pink", 0.92),
)  # fmt: skip
"""Names and hues of plain backdrops."""


def plain(ground: Ground) -> list[Layer]:
    """A soft gradient of one colour."""
    colour = hsv(dict(PLAIN)[ground.colour], 0.34, 0.92)
    seed = ground.seed()

    def draw(canvas) -> None:
        canvas.gradient([(-0.6, mix(colour, (255, 255, 255), 0.45)), (0.6, colour)])
        canvas.brushed(seed, 0.3, 0.03)

    return [Layer(draw, 0.5)]
