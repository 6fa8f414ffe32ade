"""The releases as published, side by side in a folder, colour a shot."""

import numpy as np
import pytest

import longanimation
from longanimation.pipeline import DiffusionWindow, LongAnimationPipeline, SegmentSettings, WindowSettings
from longanimation.presets import find_model, is_diffusion_model

LOOP = SegmentSettings(steps=2, tail_frames=2)


@pytest.mark.parametrize("paper", [False, True])
def test_a_published_folder_colours_a_shot_with_memory_and_fusion(root, paper):
    assert find_model(root) == root and is_diffusion_model(root)
    make = WindowSettings.published if paper else WindowSettings
    settings = make(frames=17, overlap=9, denoising=LOOP)
    pipeline = LongAnimationPipeline.from_pretrained(root, settings=settings)
    read = []
    pipeline.memory.register_forward_hook(lambda *_: read.append(1))
    drawings = [np.full((32, 48, 3), 255, np.uint8) for _ in range(18)]
    for index, drawing in enumerate(drawings):
        drawing[8:20, [5 + index, 20 + index]] = 0
    key = np.full((32, 48, 3), (40, 90, 200), np.uint8)
    frames = list(longanimation.colorize(drawings, (key, 0), "sea", model=DiffusionWindow(pipeline)))
    assert len(frames) == 18 and {frame.shape for frame in frames} == {(32, 48, 3)}
    assert len(read) == LOOP.steps, "the second window reads the memory in every step"
