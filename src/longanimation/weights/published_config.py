"""Values in the published configs that the published weights rely on; a release with others computes something else."""

from __future__ import annotations

from collections.abc import Mapping

from longanimation.errors import InputError
from longanimation.weights import video_xl
from longanimation.weights.model_folder import ModelFolder
from longanimation.weights.tensor_files import read_json

_TRANSFORMER = {
    "patch_size": 2,
    "patch_size_t": 2,
    "in_channels": 32,  # 16 of the noisy latents, 16 of the reference picture
    "out_channels": 16,
    "temporal_compression_ratio": 4,
    "use_rotary_positional_embeddings": True,
    "use_learned_positional_embeddings": False,
    "sample_height": 300,  # with sample_width: positions up to 150 x 150 patches, not rescaled
    "sample_width": 300,
    "norm_eps": 1e-5,
    "activation_fn": "gelu-approximate",
}
_VAE = {
    "scaling_factor": 0.7,
    "invert_scale_latents": True,  # the reference picture's latents are used as they are
    "latent_channels": 16,
    "temporal_compression_ratio": 4,
}
_DEFAULTS = {
    "norm_eps": 1e-5,
    "activation_fn": "gelu-approximate",
    "temporal_compression_ratio": 4,
    "latent_channels": 16,
    "clip_sample": True,
    "set_alpha_to_one": True,
    "steps_offset": 0,
}
"""What the stock classes take where a config says nothing."""


def config_problems(folder: ModelFolder, part: str) -> list[str]:
    """What in the config of a part of a published folder differs from the published values; one line each."""
    path = folder[part]
    if part == "memory_encoder" and video_xl.is_published_folder(path):
        return video_xl.check_config(read_json(path / "config.json"))
    if not folder.published:
        return []
    if part == "transformer":
        config = read_json(path / "config.json")
        problems = _different(config, _TRANSFORMER)
        return problems if config.get("ofs_embed_dim") else [*problems, "config has no ofs_embed_dim"]
    if part == "vae":
        return _different(read_json(path / "config.json"), _VAE)
    if part == "scheduler":
        from longanimation.pipeline.scheduler import PUBLISHED_SCHEDULER

        return _different(read_json(path / "scheduler_config.json"), PUBLISHED_SCHEDULER)
    return []


def require_published_config(folder: ModelFolder, part: str) -> None:
    """InputError in one line if `config_problems` finds any."""
    problems = config_problems(folder, part)
    if problems:
        raise InputError(f"{folder[part]} is not the supported release: {'; '.join(problems)}")


def _different(config: Mapping, wanted: Mapping) -> list[str]:
    problems = []
    for name, value in wanted.items():
        found = config.get(name, _DEFAULTS.get(name))
        same = abs(found - value) < 1e-9 if _is_number(found) and _is_number(value) else found == value
        if not same:
            problems.append(f"config has {name} {found!r} where the published value is {value!r}")
    return problems


def _is_number(value) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
