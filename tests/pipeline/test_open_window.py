"""From what the user asks to a loaded video model: its notes, its parts, its name in a checkpoint."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from longanimation.errors import InputError
from longanimation.lines import read_lines
from longanimation.model_options import ModelOptions
from longanimation.pipeline.open_window import open_diffusion_window
from longanimation.shot import Reference, plan_segments

SIZE = (32, 48)


def reference(name, frame=None):
    image = np.full((*SIZE, 3), 200, np.uint8)
    image[8:20, 5:30] = 30
    return Reference(image, read_lines(image, "extract"), frame, name)


def notes_of(window, *references):
    window.begin(list(references), size=SIZE, prompt="", seed=0)
    return window.notes


def test_options_without_effect_and_odd_ones_are_said():
    window = open_diffusion_window("tiny", options=ModelOptions(vram=24, size="40x60", steps=1, compat="paper"))
    assert notes_of(window, reference("a.png")) == [
        "compat paper blends windows only after step 2, and there are 1: not at all",
        "size 40x60 is padded to multiples of 16",
        "vram has no effect on tiny",
        "works at 60x40 and reduces the colours to 48x32",
        "size 48x64 (height x width): the drawings fill 78% of it, the rest is padding",
    ]


def test_references_that_no_window_will_see_are_named():
    window = open_diffusion_window("tiny")
    assert notes_of(window, reference("key.png@0", 0), reference("key.png@5", 5)) == []
    (note,) = notes_of(window, reference("sheet.png"), reference("key.png@0", 0))
    assert note.startswith("not used: sheet.png (")
    (note,) = notes_of(window, reference("a.png"), reference("b.png"))
    assert note.startswith("not used: b.png (")


def test_without_memory_there_is_no_history_and_with_bf16_the_shot_is_another_one():
    plain = open_diffusion_window("tiny")
    other = open_diffusion_window("tiny", options=ModelOptions(memory=False, dtype="bf16"))
    assert plain.pipeline.new_history() is not None and other.pipeline.new_history() is None
    assert other.pipeline.transformer.dtype == torch.bfloat16
    names = plain.fingerprint(), other.fingerprint()
    assert names[0]["precision"] != names[1]["precision"] and names[0]["weights"] == names[1]["weights"]


@pytest.mark.parametrize("fit", ["center", "whole"])
def test_the_memory_sees_the_center_or_the_whole_frame(fit):
    window = open_diffusion_window("tiny")
    window.pipeline.settings = replace(window.pipeline.settings, memory_fit=fit)
    window.begin([reference("a.png")], size=SIZE, prompt="", seed=0)
    frames = np.zeros((2, 32, 48, 3), np.uint8)
    frames[:, :, :8] = 250  # at the left border, outside of the center square
    seen = window._for_memory(frames)
    encoder = window.pipeline.memory_encoder
    encoder.register_to_config(frame_fit="crop")
    assert (encoder.pixel_values(seen).max() > 0) == (fit == "whole")


def test_a_window_without_finite_numbers_is_not_written(tmp_path):
    window = open_diffusion_window("tiny", options=ModelOptions(steps=1))
    with torch.no_grad():
        window.pipeline.transformer.proj_out.weight[0, 0] = torch.nan
    state = window.begin([reference("a.png")], size=SIZE, prompt="", seed=0)
    with pytest.raises(InputError, match="no finite numbers for frames 0 to 0 of the shot"):
        window.colour([reference("a.png").drawing] * 17, state, segment=plan_segments(1, 17, 9)[0])


def test_every_window_gets_the_prompt_of_the_middle_of_its_frames():
    options = ModelOptions(prompts=((10, "night"),), steps=1, guidance=1)
    window = open_diffusion_window("tiny", options=options)
    heard = []
    window.pipeline.text_encoder.register_forward_hook(lambda _, tokens, __: heard.append(tokens[0]))
    state = window.begin([reference("a.png")], size=SIZE, prompt="day", seed=0)
    drawings = [reference("a.png").drawing] * 17
    for segment in plan_segments(25, window.window, window.overlap):
        _, state = window.colour(drawings, state, segment=segment)
    read = [bytes(max(0, token - 3) for token in tokens[0].tolist()).rstrip(b"\0") for tokens in heard]
    assert [text[:5] for text in read] == [b"day H", b"night"]
