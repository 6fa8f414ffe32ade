"""Settings, working size and noise of the diffusion model: small rules with large consequences."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from longanimation.errors import InputError
from longanimation.model_options import ModelOptions
from longanimation.pipeline import Fusion, SegmentScheduler, SegmentSettings, WindowSettings
from longanimation.pipeline.canvas import Canvas
from longanimation.pipeline.noise import AlignedNoise, PublishedNoise, WindowNoise


def test_settings_survive_json():
    settings = WindowSettings(
        frames=17, overlap=9, size=(96, 160), prompts=((3, "night"),), denoising=SegmentSettings(steps=5, tail_frames=2)
    )
    assert WindowSettings.from_dict(json.loads(json.dumps(settings.to_dict()))) == settings
    with pytest.raises(InputError, match="unknown settings: stpes"):
        WindowSettings.from_dict({"stpes": 3})


def test_the_defaults_differ_from_the_published_settings_only_where_a_weakness_is_mended():
    default, published = WindowSettings().to_dict(), WindowSettings.published().to_dict()
    assert {name for name in default if default[name] != published[name]} == {
        "denoising",
        "overlap",
        "noise",
        "sketch_posterior",
        "reference_slot",
        "reference_fit",
        "lines",
        "suffix_grows",
        "memory_skips_first_frame",
        "recent",
    }
    loops = default["denoising"], published["denoising"]
    assert {name for name in loops[0] if loops[0][name] != loops[1][name]} == {
        "fusion",
        "aligned_timesteps",
        "float32_latents",
    }


@pytest.mark.parametrize(
    "wrong", [{"frames": 80}, {"overlap": 81}, {"noise": "loud"}, {"frames": 17, "overlap": 9}, {"lines": "none"}]
)
def test_impossible_settings_are_refused(wrong):
    with pytest.raises(InputError):
        WindowSettings(**wrong)


def test_the_prompt_changes_where_the_user_says_and_gets_the_suffix_once():
    settings = WindowSettings(prompts=((100, "night"), (50, "rain")), quality_suffix=" Good.")
    texts = [settings.prompt_for(frame, "day", window) for window, frame in enumerate((0, 49, 50, 99, 100))]
    assert texts == ["day Good.", "day Good.", "rain Good.", "rain Good.", "night Good."]
    assert WindowSettings.published(quality_suffix="!").prompt_for(130, "day", 2) == "day!!!"


@pytest.mark.parametrize(
    ("shot", "size"),
    [
        ((1080, 1920), (576, 1024)),
        ((576, 1024), (576, 1024)),
        ((2160, 3840), (576, 1024)),
        ((100, 90), (112, 96)),
        ((1920, 1080), (1024, 576)),
    ],
)
def test_shots_are_scaled_down_to_the_pixels_allowed_and_padded_to_multiples_of_16(shot, size):
    canvas = Canvas.fit(shot, 576 * 1024)
    assert canvas.size == size
    assert canvas.restore(np.zeros((*size, 3), np.uint8)).shape == (*shot, 3)


@pytest.mark.parametrize(
    ("shot", "size", "content", "padded"),
    [
        ((1080, 1920), (768, 1360), (765, 1360), (768, 1360)),
        ((96, 160), (576, 1024), (576, 960), (576, 1024)),
        ((96, 160), (100, 200), (100, 167), (112, 208)),
        ((1080, 1920), (1024, 576), (324, 576), (1024, 576)),
    ],
)
def test_at_a_size_of_ones_choice_drawings_are_scaled_to_fit_and_padded(shot, size, content, padded):
    canvas = Canvas.fit(shot, 576 * 1024, size)
    assert (canvas.content, canvas.size) == (content, padded)
    frame = np.zeros((*padded, 3), np.uint8)
    frame[: content[0], : content[1]] = 200  # padding is black here and must leave no trace
    restored = canvas.restore(frame)
    assert restored.shape == (*shot, 3) and (restored == 200).all()


def test_what_the_user_asks_for_ends_up_in_the_settings_and_nothing_else_changes():
    options = ModelOptions(steps=8, guidance=1.5, size="96x160", memory=False, prompts=((3, "night"),))
    before, after = WindowSettings(), WindowSettings().with_options(options)
    assert (after.denoising.steps, after.denoising.guidance_scale) == (8, 1.5)
    assert (after.size, after.memory, after.prompts) == ((96, 160), False, ((3, "night"),))
    back = replace(after, denoising=before.denoising, size=None, memory=True, prompts=())
    assert back == before == before.with_options(ModelOptions(vram=24, dtype="bf16"))


def test_padding_is_cropped_back_exactly():
    picture = np.random.default_rng(0).integers(0, 256, (50, 70, 3), np.uint8)
    canvas = Canvas.fit((50, 70), 10**6)
    placed = canvas.picture(picture)
    assert placed.shape == (1, 3, 64, 80)
    frame = ((placed[0].permute(1, 2, 0) / 2 + 0.5) * 255).round().to(torch.uint8).numpy()
    assert np.array_equal(canvas.restore(frame), picture)
    lines = np.full((50, 70), 255, np.uint8)
    lines[49, 69] = 0
    assert canvas.lines([lines]).shape == (1, 64, 80) and (canvas.lines([lines]) == 0).sum() == 1


def test_a_sheet_of_another_shape_is_shown_whole_with_its_lines_in_the_same_place():
    canvas = Canvas.fit((64, 128), 10**6)
    sheet = np.full((100, 50, 3), 255, np.uint8)
    sheet[:, 25:] = 0
    picture = canvas.picture(sheet)[0].mean(0)
    lines = canvas.whole_lines(sheet[..., 0])
    assert picture.shape == lines.shape == (64, 128)
    assert torch.equal(picture > 0, torch.from_numpy(lines > 127))
    assert (lines[:, :48] == 255).all() and (lines[:, 96:] == 255).all()
    assert (canvas.picture(sheet, "stretch")[0].mean(0)[:, 100:] < 0).all()


def test_the_same_moment_has_the_same_noise_in_both_windows():
    shape = (1, 22, 4, 2, 3)
    first, second = AlignedNoise(7, 0), AlignedNoise(7, 16)  # windows of 81 frames that share 17
    for draw in (lambda source: source.initial(shape), lambda source: source.step(33, shape, True)):
        assert torch.equal(draw(first)[:, 17:], draw(second)[:, 1:6])
        assert not torch.equal(draw(first)[:, :16], draw(second)[:, :16])
    assert not torch.equal(first.initial(shape), first.step(0, shape, False))
    assert not torch.equal(first.initial(shape), AlignedNoise(8, 0).initial(shape))
    assert abs(float(first.initial(shape).std()) - 1) < 0.1


def test_windows_differ_in_noise_but_share_the_picture_noise():
    shape, picture = (1, 6, 4, 2, 3), (1, 4, 1, 2, 3)
    first, second = WindowNoise(7, 0), WindowNoise(7, 1)
    assert torch.equal(first.image(picture), second.image(picture))
    assert not torch.equal(first.initial(shape), second.initial(shape))
    assert torch.equal(WindowNoise(7, 1).initial(shape), WindowNoise(7, 1).initial(shape))
    assert torch.equal(PublishedNoise(7).initial(shape), PublishedNoise(7).initial(shape))


def test_frames_at_the_joint_show_the_same_moment_with_an_overlap_of_17():
    settings, fusion = WindowSettings(), Fusion()
    stride = settings.overlap and settings.frames - settings.overlap
    for m in range(settings.denoising.tail_frames):
        new_clip_latent = fusion.first_index + m - 1
        previous_clip_latent = 22 - settings.denoising.tail_frames + m - 1
        assert stride + 4 * new_clip_latent == 4 * previous_clip_latent


def test_the_sampler_is_saved_and_loaded_with_its_settings(tmp_path):
    SegmentScheduler.published().save_pretrained(tmp_path)
    again = SegmentScheduler.from_pretrained(tmp_path)
    assert again.config.rescale_betas_zero_snr and again.config.snr_shift_scale == 1.0
