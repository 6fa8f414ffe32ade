"""Vision half of Video-XL: CLIP tower up to the selected block, projector, 2 x 2 pooling."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn
from transformers import CLIPVisionConfig, CLIPVisionModel

from longanimation.errors import InputError


class VideoXLVision(nn.Module):
    """Pixel values [N, 3, size, size] -> visual tokens [N, tokens, dim]. Frames do not influence each other.

    The blocks of the tower are those of transformers. Of a tower with `num_layers` blocks only those up to the selected
    hidden state exist here (0 is the embedding, k the output of block k; -2 of 24 blocks is block 23), and the final
    layer norm is left out, because nothing reads them.
    """

    def __init__(
        self,
        *,
        hidden_size: int,
        intermediate_size: int,
        num_layers: int,
        num_attention_heads: int,
        image_size: int,
        patch_size: int,
        select_layer: int,
        pool: int,
        dim: int,
        hidden_act: str = "quick_gelu",
        layer_norm_eps: float = 1e-5,
    ):
        super().__init__()
        tower = CLIPVisionModel(
            CLIPVisionConfig(
                hidden_size=hidden_size,
                intermediate_size=intermediate_size,
                num_hidden_layers=blocks_read(num_layers, select_layer),
                num_attention_heads=num_attention_heads,
                image_size=image_size,
                patch_size=patch_size,
                hidden_act=hidden_act,
                layer_norm_eps=layer_norm_eps,
                attn_implementation="sdpa",
            )
        )
        # The parts, not the model: its own attribute path (and so the key names) changed between transformers versions.
        tower = getattr(tower, "vision_model", tower)
        self.embeddings = tower.embeddings
        self.pre_layrnorm = tower.pre_layrnorm  # spelled so in every published CLIP checkpoint
        self.encoder = tower.encoder
        self.projector = nn.Sequential(nn.Linear(hidden_size, dim), nn.GELU(), nn.Linear(dim, dim))
        self.grid = image_size // patch_size
        self.pool = pool

    def tower_features(self, pixel_values: torch.Tensor) -> torch.Tensor:
        """Selected hidden state without the class token: [N, grid * grid, hidden_size], rows first."""
        hidden = self.pre_layrnorm(self.embeddings(pixel_values))
        return self.encoder(inputs_embeds=hidden).last_hidden_state[:, 1:]

    def forward(self, pixel_values: torch.Tensor) -> torch.Tensor:
        tokens = self.projector(self.tower_features(pixel_values))
        count, _, dim = tokens.shape
        tokens = tokens.transpose(1, 2).reshape(count, dim, self.grid, self.grid)
        return F.avg_pool2d(tokens, self.pool).flatten(2).transpose(1, 2)


def blocks_read(num_layers: int, select_layer: int) -> int:
    """Number of tower blocks needed for hidden state `select_layer` of `num_layers` blocks (negative: from the end)."""
    blocks = select_layer if select_layer >= 0 else num_layers + 1 + select_layer
    if not 0 <= blocks <= num_layers:
        raise InputError(f"vision_select_layer {select_layer} is outside a tower of {num_layers} blocks")
    return blocks
