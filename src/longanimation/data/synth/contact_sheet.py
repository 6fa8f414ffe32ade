"""The picture page of docs/data.md: `python -m longanimation.data.synth.contact_sheet docs/drawn_data.png`."""

from __future__ import annotations

import sys

import cv2
import numpy as np

from longanimation.data.synth.painted_scene import PaintedScene
from longanimation.data.synth.scene import Scene
from longanimation.media.atomic import write_bytes

_TILE = (180, 320)
_DRAWN = (360, 640)
_COLUMNS = 4
_COLOURS = 256  # of the finished picture, to keep it small


def tiles() -> list[np.ndarray]:
    """Pictures uint8 [H, W, 3] in reading order: painted scenes, then one scene as drawing, labels and three frames."""
    shown = []
    for seed, backdrop, finish in _SCENES:
        scene = PaintedScene.random(seed, size=_DRAWN, backdrop=backdrop, finish=finish, line_style="thin", frames=60)
        shown.append(scene.painted(scene.render(_fullest(scene))))
    scene = PaintedScene.random(
        _PARTS_SEED, size=_DRAWN, backdrop=("city", "sunset", "clear"), finish="soft", camera="pan", sketched=True,
        line_style="thin", frames=60,
    )  # fmt: skip
    drawn = scene.render(20)
    shown += [
        np.repeat(drawn.lines[..., None], 3, -1),
        scene.palette[drawn.labels],
        scene.painted(drawn),
        scene.painted(scene.render(44)),
    ]
    flat = Scene.random(_FLAT_SEED, size=_DRAWN, frames=60, line_style="thin")
    shown += [flat.painted(flat.render(10))]
    shown += [scene.painted(scene.sheet(0)), scene.painted(scene.empty_frame(20)), _rough()]
    return shown


_SCENES = [
    (29, ("meadow", "day", "clear"), "soft"), (14, ("sea", "sunset", "clear"), "soft"),
    (23, ("city", "night", "rain"), "two_tone"), (13, ("snow", "cloudy", "snow"), "soft"),
    (31, ("room", "day", "clear"), "soft"), (5, ("forest", "day", "clear"), "flat"),
    (7, ("desert", "dusk", "clear"), "two_tone"), (20, ("mountains", "dawn", "clear"), "soft"),
]  # fmt: skip
_PARTS_SEED = 13
_FLAT_SEED = 22


def _fullest(scene) -> int:
    return max(range(0, len(scene), 6), key=lambda i: (scene.draw(i, size=(45, 80)).parts > 0).mean() * (i > 0))


def _rough() -> np.ndarray:
    scene = PaintedScene.random(
        13, size=_DRAWN, backdrop=("city", "sunset", "clear"), sketched=True, line_style="machine"
    )
    return np.repeat(scene.render(20).lines[..., None], 3, -1)


def contact_sheet() -> np.ndarray:
    """All tiles with white gaps, uint8 [H, W, 3]."""
    shown, gap = tiles(), 4
    height, width = _TILE
    rows = -(-len(shown) // _COLUMNS)
    out = np.full((rows * (height + gap) + gap, _COLUMNS * (width + gap) + gap, 3), 255, np.uint8)
    for k, tile in enumerate(shown):
        y, x = gap + k // _COLUMNS * (height + gap), gap + k % _COLUMNS * (width + gap)
        out[y : y + height, x : x + width] = cv2.resize(tile, (width, height), interpolation=cv2.INTER_AREA)
    return out


def main(path: str) -> None:
    from io import BytesIO

    from PIL import Image

    cv2.setNumThreads(1)
    picture = Image.fromarray(contact_sheet()).quantize(_COLOURS, method=Image.Quantize.MEDIANCUT, kmeans=2)
    data = BytesIO()
    picture.save(data, "PNG", optimize=True)
    write_bytes(path, data.getvalue())


if __name__ == "__main__":
    main(sys.argv[1])
