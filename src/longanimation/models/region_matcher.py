"""Region matcher: which closed region of a drawing is which region of the pictures remembered."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from diffusers.configuration_utils import ConfigMixin, register_to_config
from diffusers.models.modeling_utils import ModelMixin
from torch import nn

from longanimation.models.memory_bank import SHEET

SHAPE_DIM = 5
"""Numbers that say where and how large a region is: x, y, log area, log height, log width."""

PAIR_DIM = 6
"""Numbers that two regions have in common, as `compare` gives them."""

LEAST_MATCH = 1e-3

ABSENT = -1e4
"""Logit of padding."""


@dataclass
class RegionBatch:
    """Regions of B pictures, padded to N.

    appearance: float [B, N, key_dim]; shape: float [B, N, 5]; touch: float [B, N, N], share of the row's border that
    runs along the column; present: bool [B, N], False for padding.
    """

    appearance: torch.Tensor
    shape: torch.Tensor
    touch: torch.Tensor
    present: torch.Tensor


@dataclass
class RegionTokens:
    """What `RegionMatcher.look` made of a `RegionBatch`: tokens [B, N, dim] that know their neighbours, and the biases
    of further self-attention [layers, B, heads, N, N]; shape and present as they came in."""

    tokens: torch.Tensor
    bias: torch.Tensor
    shape: torch.Tensor
    present: torch.Tensor


class RegionMatcher(ModelMixin, ConfigMixin):
    """Looks at all regions of a drawing together and matches them with the regions remembered.

    The `CorrespondenceMemory` says for each point alone what it looks like. Here a region learns what its neighbours
    are and what they match (a small patch inside hair is hair or a ribbon, not a button), and how far to trust
    references, the last frame and older history. Colours have no meaning of their own: labels are given to the network
    as codes drawn at random, so any palette works.

    Args:
        key_dim: appearance dimensions of the memory's keys.
        dim, num_heads: of the tokens.
        context_layers: self-attention among the regions of each picture. match_layers: attention from the drawing to
            everything remembered, each followed by self-attention.
        label_dim: size of the label codes.
    """

    @register_to_config
    def __init__(
        self,
        key_dim: int = 64,
        dim: int = 160,
        num_heads: int = 5,
        context_layers: int = 3,
        match_layers: int = 3,
        label_dim: int = 16,
    ):
        super().__init__()
        self.embed = nn.Linear(key_dim + SHAPE_DIM, dim)
        self.embed_kind = nn.Embedding(4, dim)
        self.embed_label = nn.Linear(label_dim, dim, bias=False)
        self.context = nn.ModuleList([RegionBlock(dim, num_heads) for _ in range(context_layers)])
        self.read = nn.ModuleList([RegionBlock(dim, num_heads) for _ in range(match_layers)])
        self.settle = nn.ModuleList([RegionBlock(dim, num_heads) for _ in range(match_layers)])
        self.near = _pair_network(PAIR_DIM, num_heads * (context_layers + match_layers))
        self.alike = _pair_network(PAIR_DIM + 4, num_heads * match_layers + 1)
        self.query, self.key = nn.Linear(dim, dim), nn.Linear(dim, dim)
        self.trust = nn.Parameter(torch.ones(4))
        self.nothing = nn.Linear(dim, 1)

    def look(self, regions: RegionBatch) -> RegionTokens:
        """Look at the regions of each picture together. Does not depend on what is asked: do it once per picture."""
        tokens = self.embed(torch.cat([regions.appearance, regions.shape], dim=-1))
        pairs = compare(regions.shape, regions.shape, regions.touch)
        bias = self.near(pairs).unflatten(-1, (-1, self.config.num_heads)).permute(3, 0, 4, 1, 2)
        bias = bias.masked_fill(~regions.present[:, None, None], ABSENT)
        for block, block_bias in zip(self.context, bias, strict=False):
            tokens = block(tokens, tokens, block_bias)
        return RegionTokens(tokens, bias[len(self.context) :], regions.shape, regions.present)

    def match(
        self,
        target: RegionTokens,
        known: RegionTokens,
        kinds: torch.Tensor,
        labels: torch.Tensor,
        matches: torch.Tensor,
        codes: torch.Tensor | None = None,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Labels for the regions of a drawing.

        known: regions of all pictures remembered, [B, M, ...] one picture after the other; its biases are not read.
        kinds: int64 [B, M] as in `memory_bank`. labels: float [B, M, K], shares of the labels of what is remembered.
        matches: float [B, N, M] in [0, 1], how well each pair fits point by point. codes: float [K, label_dim], by
        default always the same. Returns shares [B, N, K] and the share of "nothing like it" [B, N]; they sum to 1.
        """
        if codes is None:
            codes = label_codes(labels.shape[-1], self.config.label_dim)
        memory = known.tokens + self.embed_kind(kinds)
        told = memory + self.embed_label(labels @ codes.to(labels))
        tokens = target.tokens

        pairs = compare(target.shape, known.shape, None)
        pairs = torch.cat([pairs[..., :3] * (kinds != SHEET)[:, None, :, None], pairs[..., 4:]], dim=-1)
        kind = F.one_hot(kinds, 4).to(pairs)
        trust = (kind * self.trust).sum(-1)
        kind = kind[:, None].expand(-1, pairs.shape[1], -1, -1)
        fit = torch.log(matches + LEAST_MATCH)
        pairs = self.alike(torch.cat([pairs, fit[..., None] / 4, kind], dim=-1))
        absent = ~known.present[:, None]
        final = pairs[..., 0] + trust[:, None] * fit
        reading = pairs[..., 1:].unflatten(-1, (-1, self.config.num_heads)).permute(3, 0, 4, 1, 2)
        reading = (reading + fit[:, None]).masked_fill(absent[:, None], ABSENT)
        for read, settle, read_bias, settle_bias in zip(self.read, self.settle, reading, target.bias, strict=True):
            tokens = read(tokens, told, read_bias)
            tokens = settle(tokens, tokens, settle_bias)

        logits = self.query(tokens) @ self.key(memory).transpose(-1, -2) * self.config.dim**-0.5 + final
        logits = torch.cat([logits.masked_fill(absent, ABSENT), self.nothing(tokens)], dim=-1)
        shares = logits.float().softmax(dim=-1)
        return shares[..., :-1] @ labels, shares[..., -1]


class RegionBlock(nn.Module):
    """Attention with a bias for each pair, then a feed-forward layer; both start as the identity."""

    def __init__(self, dim: int, num_heads: int):
        super().__init__()
        self.num_heads = num_heads
        self.norm, self.norm_source, self.norm_out = nn.LayerNorm(dim), nn.LayerNorm(dim), nn.LayerNorm(dim)
        self.to_query, self.to_key_value, self.to_out = (
            nn.Linear(dim, dim),
            nn.Linear(dim, 2 * dim),
            nn.Linear(dim, dim),
        )
        self.feed_forward = nn.Sequential(nn.Linear(dim, 2 * dim), nn.GELU(), nn.Linear(2 * dim, dim))
        for layer in (self.to_out, self.feed_forward[-1]):
            nn.init.zeros_(layer.weight)
            nn.init.zeros_(layer.bias)

    def forward(self, tokens: torch.Tensor, source: torch.Tensor, bias: torch.Tensor) -> torch.Tensor:
        """tokens: [B, N, dim]; source: [B, M, dim]; bias: [B, heads, N, M], added to the logits -> [B, N, dim]."""
        query = self.to_query(self.norm(tokens)).unflatten(-1, (self.num_heads, -1)).transpose(1, 2)
        key, value = self.to_key_value(self.norm_source(source)).unflatten(-1, (2, self.num_heads, -1)).unbind(2)
        key, value = key.transpose(1, 2), value.transpose(1, 2)
        weights = (query @ key.transpose(-1, -2) * query.shape[-1] ** -0.5 + bias).softmax(dim=-1)
        tokens = tokens + self.to_out((weights @ value).transpose(1, 2).flatten(2))
        return tokens + self.feed_forward(self.norm_out(tokens))


def compare(shape: torch.Tensor, other: torch.Tensor, touch: torch.Tensor | None) -> torch.Tensor:
    """What every two regions have in common: offset x and y, distance, touching border, difference of log areas and
    of proportions. shape: [B, N, 5]; other: [B, M, 5]; touch: [B, N, M] or None -> [B, N, M, 6]."""
    difference = shape[:, :, None] - other[:, None]
    offset = difference[..., :2]
    distance = offset.square().sum(-1, keepdim=True).add(1e-6).sqrt()
    border = torch.zeros_like(distance) if touch is None else touch[..., None]
    proportion = (difference[..., 3:4] - difference[..., 4:5]) / 2
    return torch.cat([offset, distance, border, difference[..., 2:3] / 4, proportion], dim=-1)


def label_codes(count: int, dim: int, generator: torch.Generator | None = None) -> torch.Tensor:
    """One unit vector for each label, float [count, dim]; without a generator always the same ones."""
    if generator is None:
        generator = torch.Generator().manual_seed(0)
    return F.normalize(torch.randn(count, dim, generator=generator), dim=-1) * 2


def _pair_network(inputs: int, outputs: int) -> nn.Sequential:
    network = nn.Sequential(nn.Linear(inputs, 32), nn.ReLU(), nn.Linear(32, outputs))
    nn.init.zeros_(network[-1].weight)
    nn.init.zeros_(network[-1].bias)
    return network
