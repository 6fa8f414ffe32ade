"""The sampler against published trajectories."""

import fixture
import pytest
import torch

from longanimation.pipeline.scheduler import SegmentScheduler


@pytest.mark.parametrize("case", fixture.find_cases("scheduler"), ids=str)
def test_trajectory_is_the_published_one(case):
    scheduler = SegmentScheduler(**case.config)
    scheduler.set_timesteps(case.meta["steps"])
    assert torch.equal(scheduler.timesteps, case["timesteps"])
    alphas = scheduler.alphas_cumprod[scheduler.timesteps]
    fixture.compare(f"{case} alphas", alphas, case.meta["alphas_cumprod_at_timesteps"], {"atol": 1e-7})
    sample, clean = case["initial"], None
    for index in range(case.meta["steps"]):
        draws = 2 if scheduler.is_second_order(index) else 1
        assert draws == case.meta["noise_tensors_drawn_per_step"][index]
        sample, clean = scheduler.advance(index, case["model_output"][index], sample, case["noise"][index], clean)
        fixture.compare(f"{case} samples", sample, case["samples"][index], case.tolerance)


@pytest.mark.parametrize("steps", [1, 2, 7, 36, 50])
def test_aligned_steps_end_in_a_clean_clip(steps):
    scheduler = SegmentScheduler.published()
    scheduler.set_timesteps(steps)
    clip, clean = torch.randn(2, 3, generator=torch.Generator().manual_seed(0)), None
    noise = torch.randn(2, 3, generator=torch.Generator().manual_seed(1))
    sample = noise.clone()
    levels = []
    for index in range(steps):
        alpha = scheduler.alphas_cumprod[scheduler.timesteps[index]]
        implied = (sample - alpha**0.5 * clip) / (1 - alpha) ** 0.5
        velocity = alpha**0.5 * implied - (1 - alpha) ** 0.5 * clip  # what a perfect network would say
        sample, clean = scheduler.advance(index, velocity.float(), sample, noise, clean, aligned=True)
        levels.append(scheduler.noise_level(index, aligned=True))
    assert levels == sorted(levels, reverse=True) and levels[-1] == 0
    torch.testing.assert_close(sample, clip, rtol=0, atol=1e-4)
