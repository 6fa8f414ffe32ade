"""Seconds per frame of the cel finish on one core, also as a ratio to one plain connected-components pass.

    python benchmarks/cel_speed.py [--repeats 10]

Drawn input: figures of overlapping outlines with gaps and antialiased lines, eight drawings that follow each other. The
bar: 0.3 s a frame at 1920x1080.
"""

import argparse
import time

import cv2
import numpy as np

from longanimation.cel import (
    Palette,
    RegionTracker,
    composite,
    decide,
    neighbours,
    paint,
    sample_points,
    segment,
    segment_sequence,
    vote,
)

LABELS = 48
DRAWINGS = 8


def drawing(height: int, width: int, moment: int = 0, shapes: int = 90) -> np.ndarray:
    """uint8 [H, W]: closed outlines and open strokes with a few gaps, others at every moment; the same content at every
    size."""
    rng, gaps = np.random.default_rng(0), np.random.default_rng((1, moment))
    lines = np.full((height, width), 255, np.uint8)
    thickness = max(1, round(height / 540))
    for _ in range(shapes):
        centre = (rng.random(2) * (width, height)).astype(int).tolist()
        axes = (height * (0.01 + 0.2 * rng.random(2) ** 2)).astype(int).tolist()
        centre[0] += moment * height // 180
        gap = int(gaps.integers(0, 5)) if gaps.random() < 0.8 else 40
        cv2.ellipse(lines, centre, axes, int(rng.integers(180)), 0, 360 - gap, 0, thickness, cv2.LINE_AA)
    return lines


def cpu_seconds(function, repeats: int) -> float:
    """Best of several runs, in CPU seconds of the process: threads do not help, other work harms less."""
    best = np.inf
    for _ in range(repeats):
        start = time.process_time()
        function()
        best = min(best, time.process_time() - start)
    return best


def measure(height: int, width: int, repeats: int) -> None:
    lines = drawing(height, width)
    sequence = [drawing(height, width, moment) for moment in range(DRAWINGS)]
    ink = np.zeros((height, width, 4), np.uint8)
    ink[..., 3] = 255 - lines
    rng = np.random.default_rng(0)
    palette = Palette(rng.integers(0, 256, (LABELS, 3)).astype(np.uint8), 1.0)
    regions = segment(lines)
    points, _ = sample_points(regions)
    probabilities = rng.random((len(points), LABELS)).astype(np.float32)
    votes = vote(regions, points, probabilities)
    tracker = RegionTracker()
    tracker.update(regions, votes)
    labels = decide(votes, regions).labels
    colors = paint(regions, labels, palette)

    def whole_step():
        for current in segment_sequence(sequence):
            at, _ = sample_points(current)
            evidence = vote(current, at, rng.random((len(at), LABELS), dtype=np.float32))
            decision = decide(evidence, current, prior=tracker.prior(current))
            tracker.update(current, evidence)
            composite(paint(current, decision.labels, palette), ink)

    steps = {
        "segment": lambda: segment(lines),
        "sample_points": lambda: sample_points(regions),
        "neighbours (only where needed)": lambda: neighbours(regions),
        "paint": lambda: paint(regions, labels, palette),
        "composite": lambda: composite(colors, ink),
    }
    in_sequence = {"segment_sequence": lambda: segment_sequence(sequence), "whole step": whole_step}
    paper = (lines > 128).astype(np.uint8)
    plain = cpu_seconds(lambda: cv2.connectedComponents(paper, connectivity=4), repeats)
    print(f"{width}x{height}: {regions.count} regions, {len(points)} points")
    print(f"  {'plain cv2.connectedComponents':32s}{plain:8.4f} s")
    for name, step in steps.items():
        seconds = cpu_seconds(step, repeats)
        print(f"  {name:32s}{seconds:8.4f} s{seconds / plain:8.1f} x")
    for name, step in in_sequence.items():
        seconds = cpu_seconds(step, max(1, repeats // 3)) / DRAWINGS
        print(f"  {name + ', a drawing':32s}{seconds:8.4f} s{seconds / plain:8.1f} x")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=10)
    repeats = parser.parse_args().repeats
    cv2.setNumThreads(1)
    for size in ((540, 960), (1080, 1920)):
        measure(*size, repeats)


if __name__ == "__main__":
    main()
