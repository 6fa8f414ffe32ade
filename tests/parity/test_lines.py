"""Line network and sketch latents against the published numbers."""

import fixture
import numpy as np
import pytest
import torch
from diffusers import AutoencoderKLCogVideoX

from longanimation.models import LineNetwork
from longanimation.pipeline.latents import sketch_latents
from longanimation.pipeline.pictures import binary_lines, line_map

CASES = fixture.find_cases("line_preprocess")


@pytest.mark.parametrize("case", CASES, ids=str)
def test_line_map_and_binary_map_are_the_published_ones(case):
    network = fixture.fill(LineNetwork(), case.weights["line_network"])
    paper = line_map(network, case["frames_uint8"])
    fixture.compare(f"{case} line map", paper, case["line_map"], case.tolerance)
    reference = line_map(network, case["reference_uint8"].permute(2, 0, 1)[None])
    fixture.compare(f"{case} line map of the reference", reference[0], case["line_map_reference"], case.tolerance)
    threshold = case.meta["threshold"]
    flipped = (binary_lines(paper, threshold) != case["binary"]) & ((paper - threshold).abs() > 5e-5)
    assert not flipped.any()
    assert torch.equal(binary_lines(case["line_map"], threshold), case["binary"].float())


@pytest.mark.parametrize("case", CASES, ids=str)
def test_sketch_latents_are_the_published_ones(case):
    vae = fixture.fill(AutoencoderKLCogVideoX(**case.meta["vae_config"]), case.weights["vae"])
    clip = case["binary"].float().permute(1, 0, 2, 3)[None]
    first = clip[:, :, :1]
    reference = binary_lines(case["line_map_reference"], case.meta["threshold"])[None, :, None]
    for name, lines, noise in (
        ("sketch_latents", clip, "noise_sketch"),
        ("first_frame_latents", first, "noise_first_frame"),
        ("reference_sketch_latents", reference, "noise_reference"),
    ):
        fixture.compare(f"{case} {name}", sketch_latents(vae, lines, case[noise]), case[name], case.tolerance)


def test_without_noise_the_mean_of_the_posterior_is_taken():
    case = fixture.first("line_preprocess")
    vae = fixture.fill(AutoencoderKLCogVideoX(**case.meta["vae_config"]), case.weights["vae"])
    lines = case["binary"].float().permute(1, 0, 2, 3)[None]
    mean = sketch_latents(vae, lines)
    assert torch.equal(mean, sketch_latents(vae, lines, torch.zeros_like(case["noise_sketch"])))
    assert np.isfinite(mean.numpy()).all()
