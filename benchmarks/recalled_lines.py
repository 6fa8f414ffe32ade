"""Regions of drawn test shots that run into another one for want of a line: each drawing cut alone, and with the lines
that those before and after it have.

    python benchmarks/recalled_lines.py --first-seed 600 --shots 20
"""

import argparse
from collections import Counter
from concurrent.futures import ProcessPoolExecutor

import cv2
import numpy as np

from longanimation.cel import segment, segment_sequence
from longanimation.cel.palette import difference
from longanimation.data.synth import Scene
from longanimation.evaluation.color_error import JUST_RIGHT
from longanimation.evaluation.drawn_shot import DrawnShot

DRAWINGS = 24


def lost(palette: np.ndarray, labels: np.ndarray, truth: np.ndarray, cut) -> tuple[np.ndarray, np.ndarray]:
    """bool [N] each, by number in `truth`: regions over 10 px that `cut` gives another colour, and all over 10 px."""
    count = len(palette)
    pair = cut.ids[cut.inside].astype(np.int64) * count + labels[cut.inside]
    best = np.bincount(pair, minlength=cut.count * count).reshape(cut.count, count).argmax(1)
    right = difference(palette[best[cut.ids].ravel()], palette[labels.ravel()]) < JUST_RIGHT
    area, hits = np.bincount(truth.ravel()), np.bincount(truth.ravel(), weights=right)
    counted = area > 10
    counted[0] = False
    return counted & (hits <= area / 2), counted


def count_shot(seed: int) -> Counter:
    cv2.setNumThreads(1)
    shot = DrawnShot(Scene.random(seed, split="test", frames=100, size=(360, 640)))
    frames, truths = [], []
    for index in range(2 * DRAWINGS):
        frame = shot.frame(index)
        if len(frames) < DRAWINGS and not (frames and np.array_equal(frame.lines, frames[-1].lines)):
            frames.append(frame)
            truths.append(shot.truth(index).regions)
    counts: Counter = Counter()
    cuts = segment_sequence([frame.lines for frame in frames])
    for frame, truth, together in zip(frames, truths, cuts, strict=True):
        before, counted = lost(shot.scene.palette, frame.labels, truth, segment(frame.lines))
        after, _ = lost(shot.scene.palette, frame.labels, truth, together)
        counts["regions"] += int(counted.sum())
        counts["lost alone"] += int(before.sum())
        counts["mended"] += int((before & ~after).sum())
        counts["harmed"] += int((after & ~before).sum())
    return counts


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--first-seed", type=int, default=600, help="of shots of the test families")
    parser.add_argument("--shots", type=int, default=20)
    parser.add_argument("--workers", type=int, default=2)
    given = parser.parse_args()
    total: Counter = Counter()
    with ProcessPoolExecutor(given.workers) as pool:
        for counts in pool.map(count_shot, range(given.first_seed, given.first_seed + given.shots)):
            total += counts
    print(f"{given.shots} shots, {total['regions']} regions over 10 px: {total['lost alone']} run into another one")
    print(f"mended {total['mended']}, harmed {total['harmed']}")


if __name__ == "__main__":
    main()
