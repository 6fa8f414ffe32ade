"""The mini model's autoencoder."""

import pytest
import torch

from longanimation.models import FrameStackAutoencoder


def small(**changes) -> FrameStackAutoencoder:
    torch.manual_seed(0)
    return FrameStackAutoencoder(**{"latent_channels": 12, "block_out_channels": (16, 24), **changes}).eval()


def smooth_video(frames: int = 9, height: int = 48, width: int = 64) -> torch.Tensor:
    y, x = torch.linspace(-1, 1, height)[:, None], torch.linspace(-1, 1, width)
    times = torch.linspace(0, 1, frames)[:, None, None]
    return torch.stack([(y * x + 0 * times), (x * times + 0 * y), (y - 0.5 * times + 0 * x)])[None] * 0.8


@torch.no_grad()
def test_latents_have_a_quarter_of_the_frames_and_an_eighth_of_the_sides():
    posterior = small().encode(smooth_video()).latent_dist
    assert posterior.mean.shape == posterior.std.shape == (1, 12, 3, 6, 8)


@torch.no_grad()
def test_untrained_it_is_a_cosine_transform_that_smooth_pictures_survive():
    video, vae = smooth_video(), small(latent_channels=32)
    again = vae.decode(vae.encode(video).latent_dist.mean).sample
    assert again.shape == video.shape
    assert (again - video).square().mean() < 0.05 * video.square().mean()
    fewer = small(latent_channels=3)
    coarse = fewer.decode(fewer.encode(video).latent_dist.mean).sample
    assert (coarse - video).square().mean() > 3 * (again - video).square().mean()


@torch.no_grad()
def test_a_latent_frame_depends_on_its_own_frames_alone():
    video, vae = smooth_video(), small(latent_channels=32)
    torch.nn.init.normal_(vae.encoder[-1][-1].weight)
    changed = video.clone()
    changed[:, :, 5:] += 0.3
    one, two = (vae.encode(v).latent_dist.mean for v in (video, changed))
    assert torch.equal(one[:, :, :2], two[:, :, :2]) and not torch.equal(one[:, :, 2], two[:, :, 2])


@torch.no_grad()
def test_tiles_give_the_same_numbers(tmp_path):
    video, vae = smooth_video(), small(latent_channels=32)
    torch.nn.init.normal_(vae.decoder[-1][-1].weight, std=0.01)
    vae.save_pretrained(tmp_path)
    loaded = FrameStackAutoencoder.from_pretrained(tmp_path)
    loaded.enable_tiling()
    latents = vae.encode(video).latent_dist.mean
    torch.testing.assert_close(loaded.encode(video).latent_dist.mean, latents, rtol=0, atol=1e-5)
    torch.testing.assert_close(loaded.decode(latents).sample, vae.decode(latents).sample, rtol=0, atol=1e-5)


def test_a_clip_that_cannot_be_stacked_is_refused():
    with pytest.raises(ValueError, match="4k \\+ 1"):
        small().encode(torch.zeros(1, 3, 8, 16, 16))
