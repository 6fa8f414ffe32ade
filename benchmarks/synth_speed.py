"""Clips per second and core of the drawn training data.

    python benchmarks/synth_speed.py [--clips 200]

Counts processor time of this process. The bar: 30 clips of 5 frames at 128x224 per second and core.
"""

import argparse
import time

import cv2

from longanimation.data.synth import demo_scene, render_clip

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--clips", type=int, default=200)
arguments = parser.parse_args()

cv2.setNumThreads(1)
for seed in range(20):  # fills the tables of curves
    render_clip(seed)
begun = time.process_time()
for seed in range(arguments.clips):
    render_clip(1000 + seed)
spent = time.process_time() - begun
print(f"{arguments.clips / spent:.1f} clips of 5 frames at 128x224 per second and core")
print(f"{1000 * spent / arguments.clips / 5:.2f} ms a frame")

scene = demo_scene(frames=100)
begun = time.process_time()
for index in range(0, 100, 10):
    scene.render(index)
print(f"{100 * (time.process_time() - begun):.1f} ms a frame of the demonstration shot at 960x540")
