"""How diffusers' context parallelism splits our models: one long sequence over several processes."""

from __future__ import annotations

try:
    from diffusers.models._modeling_parallel import ContextParallelInput, ContextParallelOutput
except ImportError:  # diffusers before 0.36 has no context parallelism
    ContextParallelInput = ContextParallelOutput = None


def trunk_plan(output: str, inputs: tuple[str, ...] = ()) -> dict | None:
    """Plan of a model whose text and vision tokens run through `transformer_blocks` (None where unsupported).

    Both streams are split as they enter the blocks, so every process holds a slice of the text and a slice of the
    picture; after the all-to-all the joint sequence is in another order, which attention does not notice. `inputs`
    names further forward arguments [B, N, dim] to split; `output` names the module after which vision is gathered.
    Split arguments must be passed to forward by name.
    """
    if ContextParallelInput is None:
        return None
    tokens = ContextParallelInput(split_dim=1, expected_dims=3, split_output=False)
    table = ContextParallelInput(split_dim=0, expected_dims=2, split_output=False)
    return {
        "": {"image_rotary_emb": [table, table], **{name: tokens for name in inputs}},
        "transformer_blocks.0": {"hidden_states": tokens, "encoder_hidden_states": tokens},
        output: ContextParallelOutput(gather_dim=1, expected_dims=3),
    }


def memory_plan(output: str) -> dict | None:
    """Plan of a module that reads a whole memory for split tokens: no exchange but the gathering of the result."""
    if ContextParallelInput is None:
        return None
    tokens = ContextParallelInput(split_dim=1, expected_dims=3, split_output=False)
    return {"": {"control": tokens}, output: ContextParallelOutput(gather_dim=1, expected_dims=3)}
