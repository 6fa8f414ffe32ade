"""Colour consistency fusion against the published numbers, and its form for any number of steps."""

import fixture
import pytest
import torch

from longanimation.pipeline import Fusion, SegmentScheduler, color_consistency_fusion


@pytest.mark.parametrize("case", fixture.find_cases("fusion"), ids=str)
def test_fusion_is_the_published_one(case):
    tail = case["clip_latent"] if case.meta["has_previous_segment"] else None
    before = case["latents"].clone()
    fused = color_consistency_fusion(case["latents"], tail, case.meta["step_index"])
    fixture.compare(f"{case} fused", fused, case["fused"], case.tolerance)
    fixture.compare(f"{case} saved", fused[:, -4:], case["saved"], case.tolerance)
    assert torch.equal(case["latents"], before), "the input must stay as it is"


def active_steps(steps, rule):
    scheduler = SegmentScheduler.published()
    scheduler.set_timesteps(steps)
    return [index for index in range(steps) if rule.active(index, scheduler.noise_level(index, aligned=True))]


def test_by_noise_level_fifty_steps_fuse_where_the_published_rule_does():
    assert active_steps(50, Fusion()) == active_steps(50, Fusion.published()) == list(range(31, 50))


@pytest.mark.parametrize("steps", [1, 2, 4, 8, 30, 100])
def test_by_noise_level_any_number_of_steps_fuses_in_its_last_third(steps):
    active = active_steps(steps, Fusion())
    assert active == list(range(active[0], steps)), "once begun, it goes on to the last step"
    assert 0.25 * steps <= len(active) <= 0.5 * steps + 1


def test_noise_level_argument_decides_like_the_rule():
    latents, tail = torch.randn(1, 8, 2, 3, 3), torch.randn(1, 4, 2, 3, 3)
    assert color_consistency_fusion(latents, tail, noise_level=0.5) is latents
    fused = color_consistency_fusion(latents, tail, noise_level=0.36)
    torch.testing.assert_close(fused[:, 2], 0.8 * tail[:, 0] + 0.2 * latents[:, 2])
    assert torch.equal(fused, color_consistency_fusion(latents, tail))
    with pytest.raises(ValueError, match="not both"):
        color_consistency_fusion(latents, tail, 40, noise_level=0.1)


def test_tails_of_other_lengths_are_weighted_evenly():
    latents, tail = torch.zeros(1, 8, 1, 1, 1), torch.ones(1, 2, 1, 1, 1)
    fused = color_consistency_fusion(latents, tail, first_index=1)
    torch.testing.assert_close(fused.flatten(), torch.tensor([0, 2 / 3, 1 / 3, 0, 0, 0, 0, 0]))
    with pytest.raises(ValueError, match="too few"):
        color_consistency_fusion(latents[:, :2], tail, first_index=1)
