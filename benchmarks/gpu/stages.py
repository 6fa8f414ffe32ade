"""Measures the stages beside the loop: the video autoencoder and the memory encoder."""

from __future__ import annotations

import time

import torch

from gpu.flops import counted_flops, wait
from gpu.networks import DTYPE, Window
from gpu.variants import Stage


def measure_stage(stage: Stage, window: Window) -> dict:
    """Run a stage of one window; returns seconds, and operations where they are counted."""
    work = {"decode": _decode, "encode": _encode, "remember": _remember}[stage.kind](stage, window)
    return work | {"seconds_per_new_frame": work["seconds"] / window.model.new_frames}


def _timed(window: Window, compute) -> float:
    wait(window.device)
    start = time.perf_counter()
    compute()
    wait(window.device)
    return time.perf_counter() - start


@torch.no_grad()
def _decode(stage: Stage, window: Window) -> dict:
    vae = _autoencoder(stage, window)
    frames, *rest = window.latent_shape
    latents = window.random(1, frames - 1, *rest).transpose(1, 2) / vae.config.scaling_factor
    vae.decode(latents[:, :, :3])  # warm-up: the first group of frames
    _reset_peak(window)
    seconds = _timed(window, lambda: vae.decode(latents).sample)
    return {"seconds": seconds, "flops": _counted(window, "decode", latents.shape), "frames": _frames(window)}


@torch.no_grad()
def _encode(stage: Stage, window: Window) -> dict:
    vae = _autoencoder(stage, window)
    video = window.random(1, 3, _frames(window), window.height, window.width).clamp_(-1, 1)
    vae.encode(video[:, :, :9])  # warm-up: the first group of frames
    _reset_peak(window)
    seconds = _timed(window, lambda: vae.encode(video).latent_dist.mean)
    return {"seconds": seconds, "flops": _counted(window, "encode", video.shape), "frames": _frames(window)}


@torch.no_grad()
def _remember(stage: Stage, window: Window) -> dict:
    """The new frames of a window enter the memory, and the memory is read for the next one."""
    from longanimation.models.video_xl_history import VideoXLHistory

    encoder = window.model.build("memory_encoder", window.device)
    new = window.model.new_frames
    video = window.random(new, window.height, window.width, 3).float().mul(50).add(128).clamp(0, 255)
    frames = list(video.to(torch.uint8).cpu().numpy())
    warm = VideoXLHistory(encoder)
    warm.append(frames[: encoder.tower_chunk])
    warm.read()
    history = VideoXLHistory(encoder)
    if stage.before:
        history.append_features(window.random(1, stage.before, encoder.tokens_per_frame, encoder.config.hidden_size))
    _reset_peak(window)
    prepared = _timed(window, lambda: encoder.pixel_values(frames))
    append = _timed(window, lambda: history.append(frames))
    read = _timed(window, history.read)
    if len(history) != stage.before + new:
        raise RuntimeError(f"{len(history)} frames are in the memory instead of {stage.before + new}")
    return {
        "seconds": append + read,
        "append_seconds": append,
        "of_which_picture_preparation_on_the_cpu": prepared,
        "read_seconds": read,
        "frames": new,
        "frames_before": stage.before,
    }


def _autoencoder(stage: Stage, window: Window) -> torch.nn.Module:
    vae = window.model.build("vae", window.device)
    if stage.tiles:
        vae.enable_tiling()
    return vae


def _frames(window: Window) -> int:
    return window.model.settings.frames


def _counted(window: Window, what: str, shape) -> int:
    """Operations of the stage in one piece, counted on the meta device. Tiles overlap and do more than is needed."""
    vae = window.model.build("vae", torch.device("meta"))
    return counted_flops(lambda: getattr(vae, what)(torch.empty(shape, device="meta", dtype=DTYPE)))


def _reset_peak(window: Window) -> None:
    if window.device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(window.device)
