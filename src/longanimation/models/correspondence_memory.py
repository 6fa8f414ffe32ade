"""Correspondence memory: colours found by looking up where else in the shot the same drawing was seen."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from diffusers.configuration_utils import ConfigMixin, register_to_config
from diffusers.models.modeling_utils import ModelMixin
from torch import nn

from longanimation.models.line_encoder import LineEncoder, PixelNorm
from longanimation.models.memory_bank import GLOBAL, KEY_FRAME, LOCAL, MemoryBank


@dataclass(frozen=True)
class LineFeatures:
    """What the encoder made of a batch of drawings: maps at 1/2, 1/4 and 1/8; height and width of the drawings."""

    maps: tuple[torch.Tensor, ...]
    height: int
    width: int


class CorrespondenceMemory(ModelMixin, ConfigMixin):
    """Copy attention from the cells of a line drawing to the cells of all pictures remembered.

    A siamese encoder turns each frame's lines alone into one key per cell (or per point asked for). A `MemoryBank`
    holds (key, value) of the references and of the coloured history; `read` copies values, whatever they are, and says
    how sure it is: a learned "nothing like it" entry competes with the rows of the bank.

    A key is `key_dim` appearance values of unit length, then the position (x, y, in units of half the longer side of
    the picture, 0 = middle), then what its own reading needs: how much nearness counts for key frames, last frames and
    older history, and the logit of "nothing like it".

    Args:
        channels, layers, num_heads: of the `LineEncoder`.
        key_dim: appearance dimensions.
        cell: side of a cell in pixels of `keys`.
        typical_rows: bank size at which "nothing like it" was calibrated in training.
    """

    _WEIGHTS = 3
    _EXTRA = 2 + _WEIGHTS + 1

    @register_to_config
    def __init__(
        self,
        channels: tuple[int, ...] = (16, 64, 128, 192),
        layers: tuple[int, ...] = (1, 3, 4),
        num_heads: int = 6,
        key_dim: int = 64,
        cell: int = 4,
        typical_rows: int = 1024,
    ):
        super().__init__()
        self.encoder = LineEncoder(tuple(channels), tuple(layers), num_heads)
        width = self.encoder.feature_channels
        self.norms = nn.ModuleList([PixelNorm(channels[1]), PixelNorm(channels[2])])
        self.head = nn.Sequential(
            nn.Linear(width, 2 * width),
            nn.GELU(),
            nn.Linear(2 * width, width),
            nn.GELU(),
            nn.Linear(width, key_dim + self._WEIGHTS + 1),
        )
        self.log_scale = nn.Parameter(torch.tensor(2.5))
        self.kind_bias = nn.Parameter(torch.zeros(4))
        self.nothing = nn.Parameter(torch.tensor(2.0))

    @property
    def dim(self) -> int:
        return self.config.key_dim + self._EXTRA

    def new_bank(self, **settings) -> MemoryBank:
        """An empty bank for this memory's keys; `settings` as of `MemoryBank`."""
        return MemoryBank(self.config.key_dim, **settings)

    def grid(self, height: int, width: int) -> tuple[int, int]:
        """Rows and columns of cells of a picture."""
        return -(-height // self.config.cell), -(-width // self.config.cell)

    def encode(self, lines: torch.Tensor) -> LineFeatures:
        """lines: float [B, 1 or 3, H, W] in [0, 1], 1 = paper; any size."""
        if lines.ndim != 4 or lines.shape[1] not in (1, 3):
            raise ValueError(f"lines must be [B, 1 or 3, H, W], got {list(lines.shape)}")
        height, width = lines.shape[-2:]
        darkness = 1 - lines.mean(dim=1, keepdim=True)
        darkness = F.pad(darkness, (0, -width % 16, 0, -height % 16)).to(self.dtype)
        half, quarter, eighth = self.encoder(darkness.contiguous(memory_format=torch.channels_last))
        return LineFeatures((half, self.norms[0](quarter), self.norms[1](eighth)), height, width)

    def keys_at(self, features: LineFeatures, points: torch.Tensor) -> torch.Tensor:
        """points: float [B, P, 2] as (y, x) in [0, 1) of the picture -> keys float32 [B, P, dim]."""
        size = points.new_tensor([features.height, features.width])
        sampled = []
        for scale, feature_map in zip((2, 4, 8), features.maps, strict=True):
            extent = points.new_tensor(feature_map.shape[-2:]) * scale
            places = (points * size / extent).flip(-1) * 2 - 1
            values = F.grid_sample(
                feature_map, places[:, :, None].to(feature_map.dtype), padding_mode="border", align_corners=False
            )
            sampled.append(values[..., 0].transpose(1, 2))
        raw = self.head(torch.cat(sampled, dim=-1)).float()
        appearance, reading = raw.split([self.config.key_dim, self._WEIGHTS + 1], dim=-1)
        positions = (points * size - size / 2).flip(-1) / (size.max() / 2)
        return torch.cat([F.normalize(appearance, dim=-1), positions.float(), reading], dim=-1)

    def keys(self, lines: torch.Tensor) -> torch.Tensor:
        """lines: float [B, 1 or 3, H, W] in [0, 1], 1 = paper -> float32 [B, cells, dim], first row of cells first."""
        return self.cell_keys(self.encode(lines))

    def cell_keys(self, features: LineFeatures) -> torch.Tensor:
        """`keys` from what `encode` made: the keys at the centres of the cells."""
        height, width, cell = features.height, features.width, self.config.cell
        rows, columns = self.grid(height, width)
        device = features.maps[0].device
        y = ((torch.arange(rows, device=device) + 0.5) * cell).clamp(max=height - 0.5) / height
        x = ((torch.arange(columns, device=device) + 0.5) * cell).clamp(max=width - 0.5) / width
        centres = torch.stack(torch.meshgrid(y, x, indexing="ij"), dim=-1).flatten(0, 1)
        return self.keys_at(features, centres.expand(features.maps[0].shape[0], -1, -1))

    # How well row r fits query q is: scaled cosine of the appearances - weight of q for r's kind * squared distance
    # + bias of the kind. All of it is one product of `ask(keys)` and `offer(keys, kinds)`, "nothing like it" included.

    def ask(self, keys: torch.Tensor) -> torch.Tensor:
        """keys: [..., Q, dim] -> [..., Q, key_dim + 14], to be multiplied with `offer`."""
        appearance, position, weights, nothing = self._split(keys)
        weights = F.softplus(weights)
        squared = position.square().sum(-1, keepdim=True)
        nearness = [torch.cat([2 * w * position, -w, -w * squared], dim=-1) for w in weights.split(1, dim=-1)]
        return torch.cat([self.log_scale.exp() * appearance, *nearness, torch.ones_like(nothing), nothing], dim=-1)

    def offer(self, keys: torch.Tensor, kinds: torch.Tensor) -> torch.Tensor:
        """keys: [..., R, dim]; kinds: int64 [..., R] -> [..., R, key_dim + 14]."""
        appearance, position, _, nothing = self._split(keys)
        place = torch.cat([position, position.square().sum(-1, keepdim=True), torch.ones_like(nothing)], dim=-1)
        kinds = F.one_hot(kinds, len(self.kind_bias)).to(place.dtype)
        of_kind = [kinds[..., kind, None] * place for kind in (KEY_FRAME, LOCAL, GLOBAL)]
        bias = (kinds * self.kind_bias).sum(-1, keepdim=True)
        return torch.cat([appearance, *of_kind, bias, torch.zeros_like(nothing)], dim=-1)

    def offer_nothing(self, rows: torch.Tensor) -> torch.Tensor:
        """The row "nothing like it" of a bank of `rows` rows [...]: [..., 1, key_dim + 14].

        It grows with the bank, so that more rows do not drown it.
        """
        row = torch.zeros(*rows.shape, 1, self.config.key_dim + 14, device=rows.device)
        row[..., 0, -2] = self.nothing + torch.log(rows.clamp(min=1) / self.config.typical_rows)
        row[..., 0, -1] = 1
        return row

    def read(self, keys: torch.Tensor, bank: MemoryBank, *, chunk: int = 128) -> tuple[torch.Tensor, torch.Tensor]:
        """Copy values from the bank.

        keys: [Q, dim] or [B, Q, dim]. Returns values [.., Q, channels] (mean over the rows of the bank by attention)
        and confidence [.., Q] in [0, 1] (1 - share of attention that "nothing like it" takes).
        """
        values, confidence, _ = self.look_up(keys.reshape(-1, keys.shape[-1]), bank, chunk=chunk)
        return values.reshape(*keys.shape[:-1], -1), confidence.reshape(keys.shape[:-1])

    @torch.no_grad()
    def look_up(
        self,
        keys: torch.Tensor,
        bank: MemoryBank,
        *,
        prior: tuple[torch.Tensor, torch.Tensor] | None = None,
        history: bool = True,
        dtype: torch.dtype = torch.float32,
        chunk: int = 128,
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """`read` for keys [Q, dim], with the best row as well: values [Q, channels], confidence [Q], row int64 [Q].

        prior: (of queries [Q, L], of rows [R, L]); their product is added to the logits. history: whether coloured
        frames are read, or the references only. dtype: of the large products.
        """
        bank_keys, bank_values, kinds = bank.rows(history=history)
        bank_keys, bank_values = bank_keys.to(keys), bank_values.to(keys.device, dtype)
        asked, offered = self.ask(keys), self.offer(bank_keys, kinds)
        nothing = self.offer_nothing(torch.tensor(float(len(bank_keys)), device=keys.device))
        sceptical = asked @ nothing.T
        if prior is not None:
            asked, offered = torch.cat([asked, prior[0]], dim=1), torch.cat([offered, prior[1]], dim=1)
        asked, offered = asked.to(dtype), offered.to(dtype).T.contiguous()
        values, confidence, best = [], [], []
        for part, doubt in zip(asked.split(chunk), sceptical.split(chunk), strict=True):
            logits = part @ offered
            highest, row = logits.max(dim=-1, keepdim=True)
            weights = (logits - highest).exp_()
            total = weights.sum(dim=-1, keepdim=True, dtype=torch.float32)
            values.append((weights @ bank_values).float() / total)
            confidence.append(torch.sigmoid(total.log() + highest.float() - doubt)[:, 0])
            best.append(row[:, 0])
        return torch.cat(values).to(keys), torch.cat(confidence).to(keys), torch.cat(best)

    def _split(self, keys: torch.Tensor) -> tuple[torch.Tensor, ...]:
        return keys.split([self.config.key_dim, 2, self._WEIGHTS, 1], dim=-1)
