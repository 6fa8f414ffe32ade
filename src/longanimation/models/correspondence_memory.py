"""Correspondence memory: colours found by looking up where else in the shot the same drawing was seen."""

import torch
import torch.nn.functional as F
from diffusers.configuration_utils import ConfigMixin, register_to_config
from diffusers.models.modeling_utils import ModelMixin
from torch import nn

from longanimation.models.line_encoder import LineEncoder
from longanimation.models.memory_bank import GLOBAL, KEY_FRAME, LOCAL, SHEET, MemoryBank


class CorrespondenceMemory(ModelMixin, ConfigMixin):
    """Copy attention from the cells of a line drawing to the cells of all pictures remembered.

    A siamese encoder turns each frame's lines alone into one key per cell. A `MemoryBank` holds (key, value) of the
    references and of the coloured history; `read` copies values, whatever they are, and says how sure it is: a learned
    "nothing like it" entry competes with the rows of the bank.

    A key is `key_dim` appearance values of unit length, then the cell's position (x, y, in units of half the longer
    side of the picture), then what its own reading needs: how much nearness counts for key frames, last frames and
    older history, and the logit of "nothing like it".

    Args:
        channels, layers, num_heads: of the `LineEncoder`.
        key_dim: appearance dimensions.
        cell: side of a cell in pixels of `keys`; 2 or a multiple.
        typical_rows: bank size at which "nothing like it" was calibrated in training.
    """

    _POSITION = 2
    _READING = 4

    @register_to_config
    def __init__(
        self,
        channels: tuple[int, ...] = (32, 64, 128, 192),
        layers: tuple[int, ...] = (2, 2, 4),
        num_heads: int = 6,
        key_dim: int = 64,
        cell: int = 4,
        typical_rows: int = 1024,
    ):
        super().__init__()
        if cell % 2:
            raise ValueError(f"cell must be a multiple of 2, got {cell}")
        self.encoder = LineEncoder(tuple(channels), tuple(layers), num_heads, key_dim + self._READING)
        self.log_scale = nn.Parameter(torch.tensor(2.5))
        self.kind_bias = nn.Parameter(torch.zeros(4))
        self.nothing = nn.Parameter(torch.tensor(2.0))

    @property
    def dim(self) -> int:
        return self.config.key_dim + self._POSITION + self._READING

    def new_bank(self, **settings) -> MemoryBank:
        """An empty bank for this memory's keys; `settings` as of `MemoryBank`."""
        return MemoryBank(self.config.key_dim, **settings)

    def grid(self, height: int, width: int) -> tuple[int, int]:
        """Rows and columns of cells of a picture."""
        cell = self.config.cell
        return -(-height // cell), -(-width // cell)

    def key_map(self, lines: torch.Tensor) -> torch.Tensor:
        """lines: float [B, 1 or 3, H, W] in [0, 1], 1 = paper, any size -> float32 [B, dim, ceil(H/2), ceil(W/2)]."""
        if lines.ndim != 4 or lines.shape[1] not in (1, 3):
            raise ValueError(f"lines must be [B, 1 or 3, H, W], got {list(lines.shape)}")
        height, width = lines.shape[-2:]
        darkness = 1 - lines.mean(dim=1, keepdim=True)
        darkness = F.pad(darkness, (0, -width % 16, 0, -height % 16)).to(self.dtype)
        features = self.encoder(darkness.contiguous(memory_format=torch.channels_last))
        features = features[..., : -(-height // 2), : -(-width // 2)].float()
        appearance = F.normalize(features[:, : self.config.key_dim], dim=1)
        reading = features[:, self.config.key_dim :]
        positions = self._positions(height, width, features)
        return torch.cat([appearance, positions, reading], dim=1)

    def keys(self, lines: torch.Tensor) -> torch.Tensor:
        """lines: float [B, 1 or 3, H, W] in [0, 1], 1 = paper -> float32 [B, cells, dim], rows of cells first."""
        pooled = F.avg_pool2d(self.key_map(lines), self.config.cell // 2, ceil_mode=True, count_include_pad=False)
        return self._unit(pooled.flatten(2).transpose(1, 2))

    def sample(self, key_map: torch.Tensor, points: torch.Tensor) -> torch.Tensor:
        """Keys between cells. key_map: [B, dim, h, w]; points: [B, P, 2] as (y, x) in [0, 1) of the picture.

        Returns [B, P, dim].
        """
        places = points.flip(-1) * 2 - 1
        sampled = F.grid_sample(
            key_map, places[:, :, None].to(key_map.dtype), mode="bilinear", align_corners=False, padding_mode="border"
        )
        return self._unit(sampled[..., 0].transpose(1, 2))

    def logits(self, keys: torch.Tensor, bank_keys: torch.Tensor, kinds: torch.Tensor) -> torch.Tensor:
        """How well each bank row fits. keys: [..., Q, dim]; bank_keys: [..., R, dim]; kinds: int64 [..., R] -> [..., Q, R].

        Scaled cosine of the appearances, minus the query's own weight for this kind of row times the squared distance.
        """
        key_dim = self.config.key_dim
        scores = self.log_scale.exp() * keys[..., :key_dim] @ bank_keys[..., :key_dim].transpose(-1, -2)
        here, there = keys[..., key_dim : key_dim + 2], bank_keys[..., key_dim : key_dim + 2]
        distance = torch.cdist(here.float(), there.float()).square()
        weights = F.softplus(keys[..., key_dim + 2 : key_dim + 5])
        nearness = (
            weights[..., _WEIGHT_OF_KIND[kinds.cpu()].to(kinds.device)]
            if kinds.ndim == 1
            else torch.gather(weights, -1, _WEIGHT_OF_KIND.to(kinds.device)[kinds][..., None, :].expand(*scores.shape))
        )
        placed = (kinds != SHEET).to(scores.dtype)[..., None, :]
        return scores - nearness * placed * distance + self.kind_bias[kinds][..., None, :]

    def nothing_logit(self, keys: torch.Tensor, rows: int | torch.Tensor) -> torch.Tensor:
        """Logit [..., Q, 1] of "nothing like it"; grows with the bank, so that more rows do not drown it."""
        own = keys[..., self.config.key_dim + 5 :]
        rows = torch.as_tensor(rows, dtype=own.dtype, device=own.device).clamp(min=1)
        return own + self.nothing + torch.log(rows / self.config.typical_rows)

    @torch.no_grad()
    def read(self, keys: torch.Tensor, bank: MemoryBank, *, chunk: int = 2048) -> tuple[torch.Tensor, torch.Tensor]:
        """Copy values from the bank.

        keys: [Q, dim] or [B, Q, dim]. Returns values [.., Q, channels] (mean over the rows of the bank by attention)
        and confidence [.., Q] in [0, 1] (1 - share of attention that "nothing like it" takes).
        """
        bank_keys, bank_values, kinds = bank.rows()
        bank_keys, bank_values = bank_keys.to(keys), bank_values.to(keys)
        flat = keys.reshape(-1, keys.shape[-1])
        values, confidence = [], []
        for queries in flat.split(chunk):
            logits = self.logits(queries, bank_keys, kinds)
            rows = logits.logsumexp(dim=-1, keepdim=True)
            confidence.append(torch.sigmoid(rows - self.nothing_logit(queries, len(bank_keys)))[:, 0])
            values.append((logits - rows).exp() @ bank_values)
        values, confidence = torch.cat(values), torch.cat(confidence)
        return values.reshape(*keys.shape[:-1], -1), confidence.reshape(keys.shape[:-1])

    def _positions(self, height: int, width: int, like: torch.Tensor) -> torch.Tensor:
        """[B, 2, h, w]: x and y of the centres at half size, in units of half the longer side, 0 = middle."""
        unit = max(height, width) / 2
        x = (torch.arange(like.shape[-1], device=like.device) * 2 + 1 - width / 2) / unit
        y = (torch.arange(like.shape[-2], device=like.device) * 2 + 1 - height / 2) / unit
        grid = torch.stack(torch.meshgrid(x, y, indexing="xy")).to(like)
        return grid.expand(like.shape[0], -1, -1, -1)

    def _unit(self, keys: torch.Tensor) -> torch.Tensor:
        """Appearance part back to unit length after averaging."""
        appearance, rest = keys.split([self.config.key_dim, keys.shape[-1] - self.config.key_dim], dim=-1)
        return torch.cat([F.normalize(appearance, dim=-1), rest], dim=-1)


_WEIGHT_OF_KIND = torch.zeros(4, dtype=torch.long)
_WEIGHT_OF_KIND[[KEY_FRAME, SHEET, LOCAL, GLOBAL]] = torch.tensor([0, 0, 1, 2])
