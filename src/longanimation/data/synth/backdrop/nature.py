"""Places out of doors: sky, sea, forest, desert, snow, meadow, mountains."""

from __future__ import annotations

import numpy as np

from longanimation.data.synth.backdrop.layer import Ground, Layer, ridge, under
from longanimation.data.synth.backdrop.light import hsv, mix
from longanimation.data.synth.backdrop.plants import Fir, Tree, blades, blossoms
from longanimation.data.synth.backdrop.skies import sky


def hills(ground: Ground, base: float, height: float, colour, distance: float, follow: float, rough=0.2) -> Layer:
    """One range of hills; its colour fades down into the haze."""
    skyline = ridge(ground.rng, ground.half, base, height, rough)
    top, low = ground.light.far(colour, distance), ground.light.far(colour, min(1.0, distance + 0.3))
    seed = ground.seed()

    def draw(canvas) -> None:
        canvas.fill(under(skyline, ground.low), top, mix(top, low, 1.0))
        canvas.brushed(seed, 0.12, 0.06, 2.0)

    return Layer(draw, follow, sketch=[skyline])


def open_sky(ground: Ground) -> list[Layer]:
    """Nearly all sky; a low line of hills or nothing at the bottom."""
    layers = sky(ground, clouds=1.6)
    if ground.rng.random() < 0.6:
        hue = float(ground.rng.uniform(0.28, 0.4))
        layers.append(hills(ground, ground.horizon + 0.04, 0.1, hsv(hue, 0.4, 0.5), 0.6, 0.35))
        layers.append(hills(ground, ground.horizon + 0.16, 0.1, hsv(hue, 0.5, 0.45), 0.15, 0.8))
    return layers


def sea(ground: Ground) -> list[Layer]:
    """Water to the horizon, perhaps an island, a beach below."""
    rng, light, y0 = ground.rng, ground.light, ground.horizon
    layers = sky(ground, clouds=0.8)
    if rng.random() < 0.45:
        island = ridge(rng, float(rng.uniform(0.25, 0.5)), 0, float(rng.uniform(0.04, 0.12)), 0.5, 18)
        fade = np.sin(np.linspace(0, np.pi, 18)) ** 0.6
        island = island * (1, 1) * np.stack([np.ones(18), fade], 1) + (float(rng.uniform(-0.6, 0.6)), y0)
        colour = light.far((70, 104, 84), 0.6)
        layers.append(Layer(lambda canvas: canvas.fill(under(island, y0 + 0.002), colour), 0.25, sketch=[island]))
    near = mix(light.near((16, 96, 152)), light.sky[0], 0.7)
    far = mix(mix(light.sky[2], light.sky[1], 0.6), near, 0.3)
    beach = y0 + float(rng.uniform(0.16, 0.3)) if rng.random() < 0.6 else None
    count = 260
    depth = np.sort(rng.uniform(0, 1, count)) ** 1.6
    x = rng.uniform(-ground.half, ground.half, count)
    long = rng.uniform(0.4, 1.5, count)
    sheen = [mix(near, light.sky[2], 0.75), mix(near, (255, 255, 255), 0.2), mix(near, light.sky[0], 0.5)]
    tone = rng.integers(0, 3, count)
    reach = (beach or ground.low) - y0
    path_x = float(rng.uniform(-0.4, 0.4))
    glitter = light.sun_radius > 0 and not ground.clouded

    def water(canvas) -> None:
        canvas.fill([(-9, y0), (9, y0), (9, ground.low), (-9, ground.low)], far, near)
        for k in range(count):
            half = (0.006 + 0.07 * depth[k]) * long[k]
            _lens(canvas, (x[k], y0 + reach * depth[k]), half, 0.07 * half, sheen[tone[k]])

    def path(canvas) -> None:
        for k in range(0, count, 2):
            half = (0.006 + 0.035 * depth[k]) * long[k]
            at = path_x + 0.22 * x[k] / ground.half * (0.4 + depth[k])
            _lens(canvas, (at, y0 + reach * depth[k]), half, 0.09 * half, mix(light.sun, light.sky[2], 0.2))

    horizon = np.array([(-ground.half, y0), (ground.half, y0)])
    layers.append(Layer(water, 0.45, sway=0.004, sketch=[horizon]))
    if glitter:
        layers.append(Layer(path, 0.3, sway=0.012))
    if beach is not None:
        shore = ridge(rng, ground.half, beach + 0.03, 0.05, 0.1)
        sand, wet, foam = light.near((236, 214, 170)), light.near((190, 164, 128)), light.far((250, 252, 252), 0.15)
        seed = ground.seed()

        def surf(canvas) -> None:
            canvas.fill(under(shore - (0, 0.016), ground.low), foam)
            canvas.fill(under(shore, ground.low), wet)
            canvas.fill(under(shore + (0, 0.022), ground.low), sand, mix(sand, wet, 0.35))
            canvas.brushed(seed, 0.05, 0.05, 3)

        layers.append(Layer(surf, 1.0, sketch=[shore]))
    return layers


def _lens(canvas, centre, half: float, thick: float, colour) -> None:
    x, y = centre
    canvas.fill([(x - half, y), (x, y - thick), (x + half, y), (x, y + thick)], colour)


def forest(ground: Ground) -> list[Layer]:
    """Rows of trunks that fade into light, leaves above, undergrowth below."""
    rng, light = ground.rng, ground.light
    hue = float(rng.uniform(0.22, 0.36))
    pale = light.far(hsv(hue - 0.04, 0.3, 0.92), 0.15)
    deep = light.near(hsv(hue, 0.5, 0.4))
    seed = ground.seed()
    shafts = rng.uniform(-ground.half, ground.half, 5) if light.name in ("day", "dawn", "sunset") else ()

    def back(canvas) -> None:
        canvas.gradient([(-0.5, mix(pale, deep, 0.45)), (-0.05, pale), (0.3, mix(pale, deep, 0.4)), (0.6, deep)])
        canvas.tint(np.clip((canvas.noise(seed, 0.16, 4) - 0.5) * 2.4, 0, 0.6), mix(pale, deep, 0.75))

    layers = [Layer(back, 0.15)]
    floor = ground.horizon
    for row, (distance, follow, count, width) in enumerate(
        ((0.72, 0.3, 17, 0.03), (0.42, 0.55, 11, 0.055), (0.0, 0.85, 6, 0.1))
    ):
        base = floor + (0.02, 0.08, 0.17)[row]
        trunks = [_trunk(rng, ground, base, width) for _ in range(count)]
        bark = mix(light.near(hsv(0.08, 0.42, 0.36)), pale, distance)
        shade = mix(light.near(hsv(0.07, 0.46, 0.22)), pale, distance)
        grass = mix(light.near(hsv(hue, 0.55, 0.52)), pale, distance * 0.8)
        line = ridge(rng, ground.half, base + 0.03, 0.05, 0.4)
        leaves = np.stack([rng.uniform(-ground.half, ground.half, 70), -0.62 + 0.3 * rng.uniform(0, 1, 70) ** 2], 1)
        size = rng.uniform(0.04, 0.1, 70)
        tones = [
            mix(light.near(hsv(hue + d, 0.55, v)), pale, distance) for d, v in ((0.02, 0.3), (0, 0.42), (-0.03, 0.58))
        ]
        tufts = blades(ground, 200, base, base + 0.12, [grass, mix(grass, deep, 0.5)])

        def draw(canvas, trunks=trunks, bark=bark, shade=shade, grass=grass, line=line, leaves=leaves, size=size,
                 tones=tones, tufts=tufts) -> None:  # fmt: skip
            for trunk in trunks:
                canvas.fill(trunk, bark)
                right = np.stack([trunk[:, 0] * 0.5 + trunk[:, 0].mean() * 0.5, trunk[:, 1]], 1)
                half = len(trunk) // 2
                canvas.fill(np.concatenate([trunk[half:], right[half:][::-1]]), shade)
            canvas.fill(under(line, ground.low), grass, mix(grass, deep, 0.7))
            tufts(canvas)
            for k, at in enumerate(leaves):
                canvas.disc(at, (size[k], 0.8 * size[k]), tones[0])
            for k, at in enumerate(leaves):
                canvas.disc(at + (-0.3 * size[k], 0.2 * size[k]), 0.6 * size[k], tones[1])
                canvas.disc(at + (0.2 * size[k], 0.35 * size[k]), 0.3 * size[k], tones[2])

        layers.append(Layer(draw, follow, sketch=[line, *(t for t in trunks)] if row else []))

    def beams(canvas) -> None:
        for x in shafts:
            canvas.fill([(x, -0.6), (x + 0.1, -0.6), (x - 0.16, 0.35), (x - 0.34, 0.35)], mix(light.sun, pale, 0.4))
        canvas.soften(0.012)
        canvas.pixels = (canvas.pixels * 0.26).astype(np.uint8)

    if len(shafts):
        layers.insert(3, Layer(beams, 0.5, sway=0.01))
    return layers


def _trunk(rng, ground: Ground, base: float, width: float) -> np.ndarray:
    x, w = float(rng.uniform(-ground.half, ground.half)), width * float(rng.uniform(0.6, 1.3)) / 2
    bend = float(rng.uniform(-0.04, 0.04))
    y = np.array([-0.8, -0.3, 0.0, base - 0.02, base + 0.04])
    left = x - w * np.array([0.75, 0.8, 0.9, 1.1, 1.7]) + bend * (base - y)
    right = x + w * np.array([0.75, 0.8, 0.9, 1.1, 1.7]) + bend * (base - y)
    return np.concatenate([np.stack([left, y], 1), np.stack([right, y], 1)[::-1]])


def desert(ground: Ground) -> list[Layer]:
    """Dunes with a lit and a shaded side; rocks or cacti."""
    rng, light = ground.rng, ground.light
    layers = sky(ground, clouds=0.4)
    hue = float(rng.uniform(0.07, 0.11))
    if rng.random() < 0.6:
        layers.append(hills(ground, ground.horizon + 0.03, 0.16, hsv(0.045, 0.5, 0.6), 0.5, 0.25, 0.9))
    for k, (distance, follow) in enumerate(((0.35, 0.4), (0.15, 0.7), (0.0, 1.0))):
        base = ground.horizon + (0.05, 0.13, 0.24)[k]
        line = ridge(rng, ground.half, base, 0.09, 0.0)
        lit, shade = light.far(hsv(hue, 0.36, 1.0), distance), light.far(hsv(hue - 0.025, 0.46, 0.8), distance)
        slip = line + np.stack(
            [
                0.10 + 0.05 * np.sin(line[:, 0] * 3),
                0.01 + 0.6 * np.maximum(np.gradient(line[:, 1], line[:, 0]), 0) * (base - line[:, 1] + 0.05),
            ],
            1,
        )
        seed = ground.seed()
        plants = [_cactus(ground, base + 0.02) for _ in range(int(rng.integers(0, 4)))] if k == 1 else []
        green = light.near(hsv(0.36, 0.45, 0.5))

        def draw(canvas, line=line, lit=lit, shade=shade, slip=slip, seed=seed, plants=plants, green=green) -> None:
            canvas.fill(under(line, ground.low), lit, mix(lit, shade, 0.5))
            canvas.tint(np.clip((canvas.noise(seed, 0.03, 2, 9) - 0.5) * 1.2, 0, 0.25), shade)
            canvas.fill(np.concatenate([line, slip[::-1]]), mix(shade, lit, 0.15), mix(shade, lit, 0.7))
            for plant in plants:
                for piece in plant:
                    canvas.line(piece, green, 0.03)
                    canvas.line(piece - (0.006, 0), mix(green, lit, 0.35), 0.008)

        layers.append(Layer(draw, follow, sketch=[line, *(piece for plant in plants for piece in plant)]))
    return layers


def _cactus(ground: Ground, base: float) -> list[np.ndarray]:
    x, h = float(ground.rng.uniform(-ground.half, ground.half)), float(ground.rng.uniform(0.14, 0.26))
    arm = 0.25 * h
    return [
        np.array([(x, base), (x, base - h)]),
        np.array([(x, base - 0.4 * h), (x - arm, base - 0.45 * h), (x - arm, base - 0.75 * h)]),
        np.array([(x, base - 0.3 * h), (x + arm, base - 0.35 * h), (x + arm, base - 0.6 * h)]),
    ]


def snow(ground: Ground) -> list[Layer]:
    """White slopes with firs."""
    rng, light = ground.rng, ground.light
    layers = sky(ground, clouds=0.5)
    white, blue = (246, 250, 255), (178, 200, 232)
    if rng.random() < 0.7:
        layers.append(_peaks(ground, ground.horizon + 0.02, 0.26, 0.55, 0.25))
    for k, (distance, follow) in enumerate(((0.45, 0.4), (0.2, 0.7), (0.0, 1.0))):
        base = ground.horizon + (0.02, 0.1, 0.2)[k]
        line = ridge(rng, ground.half, base, 0.08, 0.05)
        top, low = light.far(white, distance), light.far(blue, distance)
        firs = []
        for _ in range((12, 7, 2)[k]):
            at = int(rng.integers(0, len(line)))
            height = float(rng.uniform(0.7, 1.2)) * (0.11, 0.22, 0.4)[k]
            firs.append(Fir(ground, line[at, 0], line[at, 1] + 0.02, height, distance, snowy=True))
        firs.sort(key=lambda fir: fir.base)
        seed = ground.seed()

        def draw(canvas, line=line, top=top, low=low, firs=firs, seed=seed) -> None:
            for fir in firs:
                fir.draw(canvas)
            canvas.fill(under(line, ground.low), top, mix(top, low, 0.85))
            canvas.tint(np.clip((canvas.noise(seed, 0.09, 3, 4) - 0.52) * 2, 0, 0.35), low)

        layers.append(Layer(draw, follow, sketch=[line, *(s for fir in firs for s in fir.sketch())] if k else [line]))
    return layers


def meadow(ground: Ground) -> list[Layer]:
    """Green slopes with flowers and trees."""
    rng, light = ground.rng, ground.light
    layers = sky(ground)
    hue = float(rng.uniform(0.2, 0.33))
    layers.append(hills(ground, ground.horizon + 0.03, 0.14, hsv(hue + 0.1, 0.35, 0.6), 0.55, 0.3))
    trees = [
        Tree(ground, x, ground.horizon + 0.09, float(rng.uniform(0.2, 0.5)), 0.15, hue)
        for x in (rng.uniform(-1, 1, int(rng.integers(1, 5))) * ground.half).tolist()
    ]
    line = ridge(rng, ground.half, ground.horizon + 0.08, 0.05, 0.05)
    green, dark = light.near(hsv(hue, 0.52, 0.74)), light.near(hsv(hue + 0.04, 0.6, 0.44))
    petals = [light.near(hsv(float(rng.random()), float(rng.uniform(0.1, 0.7)), 0.97)) for _ in range(3)]
    grass = blades(ground, 700, ground.horizon + 0.06, ground.low, [green, dark, mix(green, dark, 0.5)])
    flowers = blossoms(ground, int(rng.choice((0, 150, 420))), ground.horizon + 0.09, ground.low, petals)
    seed = ground.seed()

    def draw(canvas) -> None:
        for tree in trees:
            tree.draw(canvas)
        canvas.fill(under(line, ground.low), mix(green, light.haze, 0.2), dark)
        canvas.tint(np.clip((canvas.noise(seed, 0.12, 3, 3) - 0.45) * 1.6, 0, 0.4), dark)
        grass(canvas)
        flowers(canvas)

    layers.append(Layer(draw, 0.9, sketch=[line, *(s for tree in trees for s in tree.sketch())]))
    return layers


def mountains(ground: Ground) -> list[Layer]:
    """Rocky peaks with snow on them above dark woods."""
    rng = ground.rng
    layers = sky(ground, clouds=0.7)
    layers.append(_peaks(ground, ground.horizon + 0.05, 0.5, 0.5, 0.2))
    layers.append(_peaks(ground, ground.horizon + 0.1, 0.3, 0.25, 0.4))
    hue = float(rng.uniform(0.26, 0.42))
    layers.append(hills(ground, ground.horizon + 0.12, 0.1, hsv(hue, 0.45, 0.4), 0.25, 0.6, 0.7))
    firs = [
        Fir(ground, float(rng.uniform(-1, 1)) * ground.half, ground.horizon + float(rng.uniform(0.14, 0.2)),
            float(rng.uniform(0.12, 0.24)), 0.1, snowy=False)
        for _ in range(14)
    ]  # fmt: skip
    firs.sort(key=lambda fir: fir.base)
    line = ridge(rng, ground.half, ground.horizon + 0.2, 0.05, 0.2)
    green = ground.light.near(hsv(hue - 0.06, 0.45, 0.6))

    def draw(canvas) -> None:
        for fir in firs:
            fir.draw(canvas)
        canvas.fill(under(line, ground.low), green, mix(green, (0, 0, 0), 0.35))

    layers.append(Layer(draw, 0.95, sketch=[line, *(s for fir in firs for s in fir.sketch())]))
    return layers


def _peaks(ground: Ground, base: float, height: float, distance: float, follow: float) -> Layer:
    """Jagged peaks: a lit and a shaded flank each, snow on top."""
    rng, light = ground.rng, ground.light
    rock, shade = light.far((122, 124, 142), distance), light.far((74, 78, 106), distance)
    white, blue = light.far((250, 252, 255), distance * 0.7), light.far((170, 190, 226), distance)
    peaks = []
    for x in np.linspace(-ground.half, ground.half, int(rng.integers(6, 11))):
        tip = np.array((x + float(rng.uniform(-0.12, 0.12)), base - height * float(rng.uniform(0.5, 1))))
        peaks.append((tip, (base - tip[1]) * float(rng.uniform(0.8, 1.3)), rng.uniform(-1, 1, 9)))
    peaks.sort(key=lambda peak: peak[0][1])

    def draw(canvas) -> None:
        for tip, half, jag in peaks:
            k = np.linspace(0, 1, 9)
            spine = tip + np.stack([0.1 * half * k + 0.08 * half * jag * k, (base - tip[1]) * k], 1)
            left, right = (tip[0] - half, base), (tip[0] + half, base)
            canvas.fill([tip, right, left], rock)
            canvas.fill(np.concatenate([spine, [right]]), shade)
            edge = np.array([(s, 0.32 + 0.12 * (i % 2)) for i, s in enumerate(np.linspace(-1, 1, 9))])
            hem = tip + np.stack([edge[:, 0] * half * edge[:, 1], (base - tip[1]) * edge[:, 1]], 1)
            canvas.fill(np.concatenate([[tip], hem]), white)
            canvas.fill(np.concatenate([[tip], hem[4:]]), blue)
        canvas.fill([(-9, base - 0.002), (9, base - 0.002), (9, ground.low), (-9, ground.low)], rock)

    lines = [np.array([(t[0] - h, base), t, (t[0] + h, base)]) for t, h, _ in peaks]
    return Layer(draw, follow, sketch=lines)
