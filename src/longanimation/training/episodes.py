"""Training episodes of the correspondence memory: a drawn clip becomes points with labels, and who may see whom."""

from dataclasses import dataclass, replace

import cv2
import numpy as np

from longanimation.models.memory_bank import GLOBAL, KEY_FRAME, LOCAL, SHEET


@dataclass(frozen=True)
class EpisodeConfig:
    """size: (height, width) the network sees. zoom: range of raster pixels per network pixel. points: per frame.

    wrong_regions, wrong_colors: share of history's regions, and of its colours throughout, that are wrong.
    notes: share of character sheets with names, swatches and pointing lines. reframed: share of frames cut elsewhere
    and at another scale than the rest of their clip, as after a cut, a pan or a change of sides: places are a hint, not
    a law. see_local, see_global: chance that a frame near in time, or farther away, is visible.
    """

    size: tuple[int, int] = (160, 288)
    zoom: tuple[float, float] = (0.6, 1.6)
    points: int = 256
    wrong_regions: float = 0.05
    wrong_colors: float = 0.1
    notes: float = 0.6
    reframed: float = 0.2
    see_local: float = 0.65
    see_global: float = 0.35


def make_episode(clip, config: EpisodeConfig, rng: np.random.Generator, *, augment: bool = True) -> dict:
    """clip: `longanimation.data.synth.Clip`. Returns numpy arrays:

    lines uint8 [F, H, W]; points float32 [F, P, 2] as (y, x) in [0, 1); regions int64 [F, P] (-1 = no point);
    labels int64 [F, P] (truth); shown int64 [F, P] (labels as the bank has them, some wrong in history);
    visible bool [F, F] (row: target, column: what it may read); kinds int64 [F, F].
    """
    count = len(clip.lines)
    if augment and clip.positions[0] < 0 and rng.random() < config.notes:
        clip = _annotate_sheet(clip, rng)
    window, flip = _window(clip, config, rng, augment)
    windows = [_elsewhere(window, clip, config, rng) if augment else window for _ in range(count)]
    lines, labels, parts = (
        [_cut(frame, box, flip, config.size, area) for frame, box in zip(frames, windows, strict=True)]
        for frames, area in ((clip.lines, True), (clip.labels, False), (clip.parts, False))
    )
    if augment:
        lines = _restyle(lines, clip.reference_count, rng)
    points = np.zeros((count, config.points, 2), np.float32)
    regions = np.full((count, config.points), -1, np.int64)
    truth = np.zeros((count, config.points), np.int64)
    for index in range(count):
        yx, ids = sample_truth_points(lines[index], labels[index], parts[index], config.points, rng)
        points[index, : len(yx)] = (yx + 0.5) / np.asarray(config.size)
        regions[index, : len(yx)] = ids
        truth[index, : len(yx)] = labels[index][yx[:, 0], yx[:, 1]]
    shown = _with_mistakes(truth, regions, clip.reference_count, config, rng)
    visible, kinds = _visibility(clip, config, rng)
    return {
        "lines": np.stack(lines),
        "points": points,
        "regions": regions,
        "labels": truth,
        "shown": shown,
        "visible": visible,
        "kinds": kinds,
    }


def sample_truth_points(lines, labels, parts, count, rng):
    """Points off the lines, spread over closed regions of one part and colour: small ones first get their share.

    Returns yx int64 [<=count, 2] and compact region ids int64.
    """
    identity = labels.astype(np.int32) * 65536 + parts
    inside = lines > 127
    inside[:, 1:] &= identity[:, 1:] == identity[:, :-1]
    inside[1:] &= identity[1:] == identity[:-1]
    _, components = cv2.connectedComponents(inside.astype(np.uint8), connectivity=4, ltype=cv2.CV_32S)
    places = np.flatnonzero(components)
    if len(places) == 0:
        return np.zeros((0, 2), np.int64), np.zeros(0, np.int64)
    region = components.ravel()[places]
    order = np.argsort(region + rng.random(len(region)))
    region, places = region[order], places[order]
    starts = np.flatnonzero(np.r_[True, region[1:] != region[:-1]])
    sizes = np.diff(np.r_[starts, len(region)])
    rank = np.arange(len(region)) - np.repeat(starts, sizes)
    # Equal shares for regions, but a large one gets somewhat more points than a small one.
    share = rank / np.repeat(np.sqrt(sizes), sizes) ** 0.5 + 1e-3 * rng.random(len(region))
    share[np.repeat(sizes < 4, sizes)] += 1e3
    picked = np.argpartition(share, min(count, len(share)) - 1)[:count]
    _, compact = np.unique(region[picked], return_inverse=True)
    return np.stack(np.divmod(places[picked], lines.shape[1]), axis=1), compact


def _window(clip, config, rng, augment):
    """Source box (y0, x0, y1, x1) and whether to mirror; mostly centred on something painted."""
    height, width = clip.lines.shape[1:]
    largest = min(height / config.size[0], width / config.size[1])
    zoom = min(rng.uniform(*config.zoom) if augment else config.zoom[1], largest)
    box_height, box_width = int(config.size[0] * zoom), int(config.size[1] * zoom)
    y, x = rng.uniform(0, height), rng.uniform(0, width)
    if not augment:
        y, x = height / 2, width / 2
    elif rng.random() < 0.7:
        painted = np.flatnonzero(clip.labels[rng.integers(len(clip.labels))])
        if len(painted):
            y, x = divmod(int(rng.choice(painted)), width)
    y0 = int(np.clip(y - box_height / 2, 0, height - box_height))
    x0 = int(np.clip(x - box_width / 2, 0, width - box_width))
    return (y0, x0, y0 + box_height, x0 + box_width), augment and rng.random() < 0.5


def _elsewhere(window, clip, config, rng):
    """Mostly the window itself; sometimes one of up to a quarter more or less size, half a window away at most."""
    if rng.random() >= config.reframed:
        return window
    height, width = clip.lines.shape[1:]
    y0, x0, y1, x1 = window
    scale = min(rng.uniform(0.75, 1.25), height / (y1 - y0), width / (x1 - x0))
    box_height, box_width = int((y1 - y0) * scale), int((x1 - x0) * scale)
    y = np.clip(y0 + rng.uniform(-0.3, 0.3) * (y1 - y0), 0, height - box_height)
    x = np.clip(x0 + rng.uniform(-0.5, 0.5) * (x1 - x0), 0, width - box_width)
    return int(y), int(x), int(y) + box_height, int(x) + box_width


def _cut(frame, window, flip, size, area):
    y0, x0, y1, x1 = window
    frame = frame[y0:y1, x0:x1]
    if flip:
        frame = frame[:, ::-1]
    interpolation = cv2.INTER_AREA if area else cv2.INTER_NEAREST
    return cv2.resize(np.ascontiguousarray(frame), size[::-1], interpolation=interpolation)


def _annotate_sheet(clip, rng):
    """Names, colour swatches and pointing lines, as studios write them on a colour model (the first frame)."""
    lines, labels, parts = clip.lines.copy(), clip.labels.copy(), clip.parts.copy()
    height, width = lines.shape[1:]
    painted = np.flatnonzero(labels[0])
    for note in range(rng.integers(2, 9) if len(painted) else 0):
        y, x = int(rng.integers(height)), int(rng.integers(width))
        side = int(rng.integers(8, 18))
        at_y, at_x = divmod(int(rng.choice(painted)), width)
        box = (slice(y, y + side), slice(x, x + side))
        if labels[0][box].any():
            continue
        cv2.line(lines[0], (x + side // 2, y), (at_x, at_y), 0, 1, cv2.LINE_AA)
        labels[0][box], parts[0][box], lines[0][box] = clip.labels[0][at_y, at_x], 60000 + note, 255
        cv2.rectangle(lines[0], (x, y), (x + side, y + side), 0, 1)
        word = "".join(rng.choice(list("ABCDEHKLMNORSTaeiouknrst"), rng.integers(3, 9)))
        cv2.putText(lines[0], word, (x, y - 3), cv2.FONT_HERSHEY_SIMPLEX, rng.uniform(0.25, 0.5), 0, 1, cv2.LINE_AA)
    return replace(clip, lines=lines, labels=labels, parts=parts)


def _restyle(lines, reference_count, rng):
    """The same drawing by another hand, scanner or extractor; references sometimes differ from the shot."""
    shot_style = random_style(rng)
    reference_style = random_style(rng) if rng.random() < 0.3 else shot_style
    return [
        apply_style(frame, reference_style if index < reference_count else shot_style, rng)
        for index, frame in enumerate(lines)
    ]


def random_style(rng):
    return {
        "thick": rng.choice([0, 0, 0, 0, 1, 1, 2]),
        "blur": rng.choice([0.0, 0.0, 0.5, 0.8]),
        "strength": rng.uniform(0.7, 1.6),
        "binary": rng.random() < 0.2,
        "gaps": rng.choice([0, 0, 0, 4, 12]),
        "specks": rng.choice([0, 0, 0, 5, 30]),
    }


def apply_style(frame, style, rng):
    darkness = 255 - frame
    if style["thick"]:
        darkness = cv2.dilate(darkness, np.ones((2, 2) if style["thick"] == 1 else (3, 3), np.uint8))
    if style["blur"]:
        darkness = cv2.GaussianBlur(darkness, (0, 0), style["blur"])
    darkness = np.clip(darkness.astype(np.float32) * style["strength"], 0, 255).astype(np.uint8)
    if style["binary"]:
        darkness = np.where(darkness > 80, 255, 0).astype(np.uint8)
    if style["gaps"]:
        on_line = np.flatnonzero(darkness > 100)
        for place in rng.choice(on_line, min(style["gaps"], len(on_line))) if len(on_line) else ():
            y, x = divmod(int(place), darkness.shape[1])
            cv2.circle(darkness, (x, y), int(rng.integers(1, 3)), 0, -1)
    for _ in range(style["specks"]):
        y, x = rng.integers(0, darkness.shape[0]), rng.integers(0, darkness.shape[1])
        darkness[y : y + rng.integers(1, 3), x : x + rng.integers(1, 3)] = 255
    return 255 - darkness


def _with_mistakes(truth, regions, reference_count, config, rng):
    """History as a program would have coloured it: single regions wrong, and some colours wrong throughout.

    Without the second kind the memory learns to trust history more than references, and a mistake never dies.
    """
    shown = truth.copy()
    history = truth[reference_count:]
    colors = np.unique(truth)
    for color in colors[rng.random(len(colors)) < config.wrong_colors]:
        shown[reference_count:][history == color] = rng.choice(colors)
    for index in range(reference_count, len(truth)):
        wrong = rng.random(regions[index].max(initial=0) + 1) < config.wrong_regions
        shown[index, wrong[regions[index]] & (regions[index] >= 0)] = rng.choice(colors)
    return shown


def _visibility(clip, config, rng):
    """References are seen by all; a frame sees earlier or later frames of the clip as its history, at random."""
    count = len(clip.lines)
    visible = np.zeros((count, count), bool)
    kinds = np.full((count, count), GLOBAL, np.int64)
    for target in range(count):
        for other in range(count):
            if other < clip.reference_count:
                visible[target, other] = True
                kinds[target, other] = SHEET if clip.positions[other] < 0 else KEY_FRAME
                continue
            apart = abs(int(clip.positions[target]) - int(clip.positions[other]))
            near = clip.positions[target] >= 0 and apart <= 3
            kinds[target, other] = LOCAL if near else GLOBAL
            visible[target, other] = rng.random() < (config.see_local if near else config.see_global)
    visible[np.arange(count), np.arange(count)] = False
    return visible, kinds
