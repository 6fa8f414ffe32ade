"""How diffusers' context parallelism splits our models: one long sequence over several processes."""

from __future__ import annotations

import torch

from longanimation.errors import InputError

try:
    from diffusers.models._modeling_parallel import ContextParallelInput, ContextParallelOutput
except ImportError:  # diffusers before 0.36 has no context parallelism
    ContextParallelInput = ContextParallelOutput = None


def trunk_plan(output: str) -> dict | None:
    """Plan of a model whose text and vision tokens run through `transformer_blocks` (None where unsupported).

    Both streams are split as they enter the blocks, so every process holds a slice of the text and a slice of the
    picture; after the all-to-all the joint sequence is in another order, which attention does not notice. What every
    block gets per token (rotary tables, control) is split at each block. `output` names the module after which the
    vision tokens are gathered.
    """
    if ContextParallelInput is None:
        return None
    tokens = ContextParallelInput(split_dim=1, expected_dims=3, split_output=False)
    table = ContextParallelInput(split_dim=0, expected_dims=2, split_output=False)
    return {
        "transformer_blocks.0": {"hidden_states": tokens, "encoder_hidden_states": tokens},
        "transformer_blocks.*": {"image_rotary_emb": [table, table], "control": tokens},
        output: ContextParallelOutput(gather_dim=1, expected_dims=3),
    }


def memory_plan(output: str) -> dict | None:
    """Plan of a module that reads a whole memory for split tokens: no exchange but the gathering of the result."""
    if ContextParallelInput is None:
        return None
    tokens = ContextParallelInput(split_dim=1, expected_dims=3, split_output=False)
    return {"": {"control": tokens}, output: ContextParallelOutput(gather_dim=1, expected_dims=3)}


def split_over_processes(*models: torch.nn.Module, degree: int, groups: int = 1, uneven: bool = False) -> None:
    """Let `degree` processes share every forward pass of the models (Ulysses: each holds a slice of the tokens).

    Needs an initialised process group of `groups * degree` processes, all of which call this; neighbouring ranks form
    a group. Every process of a group then calls the models with the same whole inputs and gets the whole output.
    `uneven` allows token counts that the degree does not divide (226 text tokens over 4 processes), where diffusers
    has it. Heads must be a multiple of `degree`.
    """
    if ContextParallelInput is None:
        raise InputError("splitting a window over processes needs diffusers 0.36 or newer: pip install -U diffusers")
    from diffusers import ContextParallelConfig

    kind = "cuda" if torch.cuda.is_available() else "cpu"
    mesh = torch.distributed.init_device_mesh(
        kind, mesh_shape=(groups, 1, degree), mesh_dim_names=("groups", "ring", "ulysses")
    )
    for model in models:
        options = {"ulysses_anything": True} if uneven else {}
        config = ContextParallelConfig(ulysses_degree=degree, mesh=mesh["ring", "ulysses"], **options)
        if kind == "cpu":
            _split_on_cpu(model, config)
        else:
            model.enable_parallelism(config=config)


def _split_on_cpu(model: torch.nn.Module, config) -> None:
    """What diffusers' `enable_parallelism` does, without the accelerator that it insists on."""
    from diffusers import ParallelConfig
    from diffusers.hooks.context_parallel import apply_context_parallel

    parallel = ParallelConfig(context_parallel_config=config)
    rank, size = torch.distributed.get_rank(), torch.distributed.get_world_size()
    parallel.setup(rank, size, torch.device("cpu"), mesh=config.mesh)
    for module in model.modules():
        if hasattr(getattr(module, "processor", None), "_parallel_config"):
            module.processor._parallel_config = parallel
    apply_context_parallel(model, config, model._cp_plan)
