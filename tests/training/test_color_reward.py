"""The Colour Consistency Reward sees colours and nothing else."""

import pytest
import torch

from longanimation.training.clips import TrainingClips
from longanimation.training.color_reward import color_consistency_loss, low_frequencies
from longanimation.training.diffusion_stage import SketchStage
from longanimation.training.model_parts import open_parts
from longanimation.training.recipes import read_recipe
from longanimation.training.reward_stage import RewardStage
from longanimation.training.shots import open_shots
from longanimation.weights.tiny import tiny_parts

TERMS = {"color_terms": 4, "time_terms": 2}


@pytest.fixture(scope="module")
def encoder():
    return tiny_parts()["memory_encoder"].requires_grad_(False)


@pytest.fixture(scope="module")
def truth():
    """Two flat rooms with a dark line between them that walks, float [1, 3, 5, 32, 48]."""
    video = torch.full((1, 3, 5, 32, 48), 0.75)
    video[:, 0, :, :, 24:] = 0.3
    for frame in range(5):
        video[:, :, frame, :, 20 + frame] = 0.2
    return video


def loss(encoder, predicted, truth):
    return color_consistency_loss(predicted, truth, encoder, **TERMS)


def test_equal_clips_have_no_loss(encoder, truth):
    assert loss(encoder, truth.clone(), truth) < 1e-9


def test_detail_without_slow_colour_is_not_judged(encoder, truth):
    detail = 0.2 * torch.randn(truth.shape, generator=torch.Generator().manual_seed(0))
    detail = detail - low_frequencies(detail, **TERMS)
    assert detail.abs().mean() > 0.1
    assert loss(encoder, truth + detail, truth) < 1e-7


def test_other_lines_and_motion_of_equal_slow_colour_are_not_judged(encoder, truth):
    moved = truth.flip(2).roll(7, dims=-1)
    moved = moved + low_frequencies(truth - moved, **TERMS)
    assert (moved - truth).abs().max() > 0.3
    assert loss(encoder, moved, truth) < 1e-7


def test_a_change_of_colour_is_judged_the_more_the_larger(encoder, truth):
    shift = torch.tensor([-0.1, 0.05, -0.1]).view(3, 1, 1, 1)
    small, large = (float(loss(encoder, truth + factor * shift, truth)) for factor in (0.5, 1.0))
    assert 1e-6 < small < large


def test_the_gradient_moves_slow_colour_and_not_structure(encoder, truth):
    noise = torch.randn(truth.shape, generator=torch.Generator().manual_seed(1))
    predicted = (truth - 0.1 + 0.1 * noise).requires_grad_()
    (gradient,) = torch.autograd.grad(loss(encoder, predicted, truth), predicted)
    assert gradient.abs().max() > 0
    torch.testing.assert_close(
        low_frequencies(gradient, **TERMS), gradient, rtol=1e-3, atol=1e-4 * gradient.std().item()
    )


def test_following_the_gradient_brings_the_colours_back(encoder, truth):
    shift = torch.tensor([-0.15, 0.1, -0.1]).view(1, 3, 1, 1, 1)
    predicted = (truth + shift).requires_grad_()
    optimizer = torch.optim.SGD([predicted], lr=1.0)
    losses, fine = [], predicted.detach() - low_frequencies(predicted.detach(), **TERMS)
    for _ in range(12):
        value = loss(encoder, predicted, truth)
        (gradient,) = torch.autograd.grad(value, predicted)
        predicted.grad = gradient / gradient.norm() * 1.5
        optimizer.step()
        losses.append(float(value.detach()))
    assert losses[-1] < 0.5 * losses[0]
    after = predicted.detach()
    torch.testing.assert_close(after - low_frequencies(after, **TERMS), fine, atol=1e-4, rtol=0)


@pytest.fixture(scope="module")
def stage():
    config = read_recipe("reward", "debug", denoising_steps=4, last_steps=1)
    stage = RewardStage(open_parts("reward", config), config)
    stage.place(torch.device("cpu"))
    clips = TrainingClips(open_shots(config.data), stage.plan(config), 4)
    batch = torch.utils.data.default_collate([clips[0], clips[1]])
    return stage, stage.conditions(batch), stage.memories(batch)


def test_gradients_of_the_reward_pass_through_the_last_step_only(stage):
    stage, conditions, memories = stage
    recorded = []
    with stage.frozen.use("transformer") as transformer:
        hook = transformer.register_forward_pre_hook(lambda *_: recorded.append(torch.is_grad_enabled()))
    reward = stage.reward_loss(conditions, memories)
    hook.remove()
    assert recorded == [False, False, False, True]
    reward.backward()
    for name, part in stage.trained.items():
        assert max(float(v.grad.abs().max()) for v in part.parameters() if v.grad is not None) > 0, name
    stage.zero_grad()


def test_a_perfect_prediction_has_no_reward_loss(stage, monkeypatch):
    stage, conditions, memories = stage
    monkeypatch.setattr(stage, "predicted_clean", lambda conditions, memories, step: conditions.clean)
    assert float(stage.reward_loss(conditions, memories)) < 1e-3


def test_slow_colours_are_a_projection():
    video = torch.rand(1, 3, 5, 16, 24, generator=torch.Generator().manual_seed(2))
    slow = low_frequencies(video, **TERMS)
    torch.testing.assert_close(low_frequencies(slow, **TERMS), slow, atol=1e-5, rtol=0)
    assert 0.01 < slow.std() < video.std()
    flat = torch.full_like(video, 0.3)
    torch.testing.assert_close(low_frequencies(flat, **TERMS), flat)


def test_the_memory_says_nothing_about_some_of_the_clips(stage):
    stage, conditions, memories = stage
    times = stage.step_times(0, conditions)
    torch.nn.init.normal_(stage.trained["memory"].proj_out)
    with torch.no_grad():
        alone = SketchStage.control(stage, conditions, times, memories)
        told = stage.control(conditions, times, memories)
        stage.config.history_dropout = 1.0
        untold = stage.control(conditions, times, memories)
    stage.config.history_dropout = 0.0
    assert all(float((a - b).abs().max()) > 1e-3 for a, b in zip(told, alone, strict=True))
    assert torch.equal(untold, alone)


def test_texts_are_encoded_right_however_many_there_were_before(stage):
    stage, *_ = stage
    first = stage.encode_prompts(["", "a beach"])
    for start in range(0, 90, 2):
        stage.encode_prompts([f"beach {start}", f"beach {start + 1}"])
        torch.testing.assert_close(stage.encode_prompts(["", f"beach {start}", "a beach"])[::2], first)
    assert len(stage._encoded) <= 64
