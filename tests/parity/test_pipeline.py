"""Whole windows against the published inference: two segments, the second with memory and fusion."""

import re
from functools import cache

import fixture
import pytest
import torch
from diffusers import AutoencoderKLCogVideoX, FirstBlockCacheConfig

from longanimation.models import ControlledTransformer3D, DynamicGlobalLocalMemory, SketchDiT
from longanimation.pipeline.fusion import Fusion
from longanimation.pipeline.latents import decode, image_latents, latent_frames, with_reference_slot
from longanimation.pipeline.noise import GivenNoise, PublishedNoise
from longanimation.pipeline.pictures import stretch
from longanimation.pipeline.scheduler import SegmentScheduler
from longanimation.pipeline.segment import (
    SegmentConditions,
    SegmentNetworks,
    SegmentSettings,
    denoise_segment,
)

PIPELINES = fixture.find("pipeline_two_segments")


@cache
def parts(name: str):
    data = fixture.load(name)
    config, weights = data.meta["config"], data.meta["weights"]
    networks = SegmentNetworks(
        fixture.fill(ControlledTransformer3D(**config["transformer"]), weights["transformer"]),
        fixture.fill(SketchDiT(**config["sketch_dit"]), weights["sketch_dit"]),
        fixture.fill(DynamicGlobalLocalMemory(**config["glm"]), weights["glm"]),
    )
    vae = fixture.fill(AutoencoderKLCogVideoX(**config["vae"]), weights["vae"])
    return networks, vae, SegmentScheduler(**config["scheduler"])


def noise_tensors(data, segment: str):
    shared = data.meta["config"].get("noise_shared_by_segments") and f"{segment}/initial_noise" not in data.tensors
    prefix = "seg1" if shared else segment
    names = ("initial_noise", "step_noise", "image_posterior_noise")
    return tuple(data[f"{prefix}/{name}"] for name in names)


def first_pipeline(fits=lambda config: True):
    for data in PIPELINES:
        if fits(data.meta["config"]):
            return data
    pytest.skip("no fixture of a pipeline fits")


def settings_of(data, **changes) -> SegmentSettings:
    config = data.meta["config"]
    same = {name: config[name] for name in ("steps", "guidance_scale", "control_scale", "ofs")}
    fusion = Fusion(after_step_index=config["fusion_after_step_index"])
    return SegmentSettings.published(**{**same, "fusion": fusion, **changes})


def conditions_of(data, segment: str, tail=None) -> SegmentConditions:
    networks, _, _ = parts(data.name)
    options = data.meta["config"][segment.replace("seg", "segment_")]
    frames = data[f"{segment}/image_latents"].shape[1]
    projected = None
    if options["use_memory"]:
        projected = networks.memory.project_memory(data["global_memory"], data["local_memory"])
    return SegmentConditions(
        prompt_embeds=data[f"{segment}/prompt_embeds"],
        negative_prompt_embeds=data["negative_prompt_embeds"],
        sketch_latents=with_reference_slot(
            data[f"{segment}/sketches"], data[f"{segment}/sketches_first_frame"], frames
        ),
        image_latents=data[f"{segment}/image_latents"],
        projected_memory=projected,
        previous_tail=tail if options["fusion"] else None,
    )


def run_segment(data, segment: str, tail=None, noise=None, **changes):
    networks, _, scheduler = parts(data.name)
    initial, steps, _ = noise_tensors(data, segment)
    every_step = []
    result = denoise_segment(
        networks,
        scheduler,
        conditions_of(data, segment, tail),
        noise or GivenNoise(initial, steps),
        settings_of(data, **changes),
        on_step=lambda _, latents: every_step.append(latents.clone()),
    )
    return result, torch.stack(every_step)


@cache
def both_segments(name: str):
    data = fixture.load(name)
    first, first_steps = run_segment(data, "seg1")
    second, second_steps = run_segment(data, "seg2", first.tail)
    return (first, first_steps), (second, second_steps)


@pytest.mark.parametrize("data", PIPELINES, ids=str)
def test_both_segments_are_the_published_ones(data):
    for segment, (result, steps) in zip(("seg1", "seg2"), both_segments(data.name), strict=True):
        chosen = steps[data.meta["selected_steps"]]
        label = f"{data} {segment}"
        tolerance = data.meta["tolerance"]
        fixture.compare(f"{label} latents after steps", chosen, data[f"{segment}/latents_after_steps"], tolerance)
        fixture.compare(f"{label} last four", steps[:, :, -4:], data[f"{segment}/last_four_per_step"], tolerance)
        fixture.compare(f"{label} final latents", result.latents, data[f"{segment}/final_latents"], tolerance)


@pytest.mark.parametrize("data", PIPELINES, ids=str)
def test_the_tail_holds_just_the_steps_that_are_fused(data):
    (first, _), _ = both_segments(data.name)
    config = data.meta["config"]
    assert sorted(first.tail) == list(range(config["fusion_after_step_index"] + 1, config["steps"]))
    for index, tail in first.tail.items():
        fixture.compare(f"{data} tail", tail, data["seg1/last_four_per_step"][index], data.meta["tolerance"])
        assert tail.untyped_storage().nbytes() == tail.nbytes, "a view would keep the whole window in memory"


@pytest.mark.parametrize("data", PIPELINES, ids=str)
def test_reference_latents_are_the_published_ones(data):
    _, vae, _ = parts(data.name)
    config = data.meta["config"]
    picture = stretch(data["image_uint8"].numpy(), config["height"], config["width"])
    fixture.compare(f"{data} picture", picture, data["image_preprocessed"], {"atol": 1e-6})
    count, padding = latent_frames(config["num_frames"], patch_size_t=config["transformer"]["patch_size_t"])
    assert (count, padding) == (config["latent_frames"], config["padding_frames"])
    for segment in ("seg1", "seg2"):
        _, _, noise = noise_tensors(data, segment)
        got = image_latents(vae, picture, count + padding, noise)
        fixture.compare(
            f"{data} {segment} image latents", got, data[f"{segment}/image_latents"], data.meta["tolerance"]
        )


@pytest.mark.parametrize("data", [d for d in PIPELINES if "seg1/decoded_frames" in d.tensors], ids=str)
def test_decoded_frames_are_the_published_ones(data):
    _, vae, _ = parts(data.name)
    padding = data.meta["config"]["padding_frames"]
    for segment, (result, _) in zip(("seg1", "seg2"), both_segments(data.name), strict=True):
        video = decode(vae, result.latents, padding_frames=padding)
        want = data[f"{segment}/decoded_frames"]
        stride = int(re.search(r"every (\d+)", data.meta["tensors"][f"{segment}/decoded_frames"]["note"])[1])
        fixture.compare(f"{data} {segment} frames", video[:, :, ::stride], want, data.meta["tolerance"])


@pytest.mark.parametrize("data", PIPELINES, ids=str)
def test_a_seeded_generator_draws_the_published_noise(data):
    if data.meta["produced_with"]["torch"].split("+")[0] != torch.__version__.split("+")[0]:
        pytest.skip("the stream of a generator may differ between torch versions")
    config = data.meta["config"]
    scheduler = parts(data.name)[2]
    scheduler.set_timesteps(config["steps"])
    for segment, seed in zip(("seg1", "seg2"), config["generator_seed_per_segment"], strict=True):
        initial, steps, image = noise_tensors(data, segment)
        source = PublishedNoise(seed)
        assert torch.equal(source.image(tuple(image.shape)), image)
        assert torch.equal(source.initial(tuple(initial.shape)), initial)
        for index in range(config["steps"]):
            drawn = source.step(index, tuple(initial.shape), scheduler.is_second_order(index))
            assert torch.equal(drawn, steps[index]), index


@pytest.mark.parametrize("changes", [{"control_ahead": True}, {"control_steps_per_call": 3, "control_ahead": True}])
def test_control_computed_ahead_gives_the_same(changes):
    data = first_pipeline()
    result, _ = run_segment(data, "seg1", **changes)
    tolerance = data.meta["tolerance"]
    fixture.compare(f"{data} seg1, {changes}", result.latents, data["seg1/final_latents"], tolerance)


def test_dropping_the_negative_half_late_runs_one_half_from_there_on():
    data = first_pipeline(lambda config: config["guidance_scale"] > 1)
    networks, _, _ = parts(data.name)
    batches = []
    hook = networks.transformer.register_forward_pre_hook(
        lambda _, __, kwargs: batches.append(kwargs["hidden_states"].shape[0]), with_kwargs=True
    )
    try:
        _, dropped = run_segment(data, "seg1", guidance_stop=0.5)
    finally:
        hook.remove()
    steps = data.meta["config"]["steps"]
    assert batches == [2] * (steps // 2) + [1] * (steps - steps // 2)
    (_, full), _ = both_segments(data.name)
    assert torch.equal(dropped[: steps // 2], full[: steps // 2])


def test_a_step_cache_that_never_fires_changes_nothing_even_if_the_negative_half_is_dropped():
    data = first_pipeline(lambda config: config["guidance_scale"] > 1)
    networks, _, _ = parts(data.name)
    plain, _ = run_segment(data, "seg1", guidance_stop=0.5)
    networks.transformer.enable_cache(FirstBlockCacheConfig(threshold=0.0))
    try:
        cached, _ = run_segment(data, "seg1", guidance_stop=0.5)
    finally:
        networks.transformer.disable_cache()
    assert torch.equal(cached.latents, plain.latents)
