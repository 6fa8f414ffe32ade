"""What the region matcher, and the correspondence memory with it, are trained for: the label of each region."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F

from longanimation.models.correspondence_memory import CorrespondenceMemory, LineFeatures
from longanimation.models.region_matcher import RegionBatch, RegionMatcher, RegionTokens, label_codes

UNSEEN = -1e4
"""Logit of a point that is not there."""

LABELS = 64

CHUNK = 48
"""Drawings that are encoded together."""

ALONE = 0.6
"""Weight of each drawing read by the references alone: in a shot, what history says was read so at first."""


@dataclass
class _Seen:
    """Pictures of a batch through the networks: keys [B, S, P, dim]; counts of points [B, S, N]; what the matcher made
    of them, tokens [B, S, N, dim], biases [layers, B, S, heads, N, N] and shapes [B, S, N, 5]."""

    keys: torch.Tensor
    counts: torch.Tensor
    tokens: torch.Tensor
    biases: torch.Tensor
    shape: torch.Tensor

    def target(self, slot: int) -> RegionTokens:
        """One picture of each episode."""
        return RegionTokens(
            self.tokens[:, slot], self.biases[:, :, slot], self.shape[:, slot], self.counts[:, slot] > 0
        )

    def known(self, counts: torch.Tensor) -> RegionTokens:
        """The first pictures of each episode, one after the other; counts [B, s, N]: 0 for what is not remembered."""
        slots = counts.shape[1]
        tokens, shape = self.tokens[:, :slots].flatten(1, 2), self.shape[:, :slots].flatten(1, 2)
        return RegionTokens(tokens, self.biases[:, :, 0], shape, (counts > 0).flatten(1))


def region_loss(
    memory: CorrespondenceMemory,
    matcher: RegionMatcher,
    batch: dict[str, torch.Tensor],
    *,
    codes: torch.Tensor | None = None,
    copying: float = 0.0,
) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
    """Cross-entropy of each region's label; where no picture remembered has it, of "nothing like it".

    batch: as `collate` gives it. First the history is coloured from the references alone; then the last drawing from
    the references and that history, whose colours are partly the true ones, partly the guesses just made. copying:
    weight of the memory's own loss (labels copied point by point, as without a matcher). Returns the loss and counts of
    known and right regions over 10 pixels: of the drawing, of the history ("alone": by references alone).
    """
    seen = _look(memory, matcher, batch)
    slots = batch["count"].shape[1]
    older, before, last = range(slots - 3, slots)
    codes = label_codes(LABELS, matcher.config.label_dim) if codes is None else codes
    codes = codes.to(batch["points"])
    shown = F.one_hot(batch["label"], LABELS).float()
    weight = _weight(batch["area"]) * (batch["count"] > 0)

    def read(slot: int, counts: torch.Tensor, labels: torch.Tensor):
        """Colours for the pictures in `slot`, by the first pictures with these counts and labels."""
        kinds = batch["kinds"][:, : counts.shape[1]]
        logits, doubt = _logits(memory, seen.keys[:, slot], seen.keys[:, : counts.shape[1]], counts, kinds)
        matches = _matches(logits, doubt, seen.counts[:, slot], counts)
        kinds = kinds[..., None].expand(-1, -1, counts.shape[2]).flatten(1)
        labels = labels.flatten(1, 2)
        result = matcher.match(seen.target(slot), seen.known(counts), kinds, labels, matches, codes)
        return *result, logits

    def score(slot: int, shares, nothing, counts, labels) -> _Score:
        known = (counts > 0).flatten(1)
        return _score(shares, nothing, batch["label"][:, slot], weight[:, slot], labels.flatten(1, 2), known)

    alone, guesses = [], []
    for slot in (older, before):
        counts, labels = seen.counts[:, :older], shown[:, :older]
        shares, nothing, _ = read(slot, counts, labels)
        alone.append(score(slot, shares, nothing, counts, labels))
        guesses.append(shares.detach() / shares.detach().sum(-1, keepdim=True).clamp(min=1e-6))

    history = torch.where(batch["guessed"][..., None], torch.stack(guesses, 1), shown[:, older:last])
    wrong = F.one_hot(batch["mistaken"].clamp(min=0), LABELS).to(history)
    history = torch.where((batch["mistaken"] >= 0)[..., None], wrong, history)
    labels = torch.cat([shown[:, :older], history], dim=1)
    kept = batch["kept"] & batch["used"][..., None]
    counts = torch.cat([seen.counts[:, :older], seen.counts[:, older:last] * kept], dim=1)
    shares, nothing, logits = read(last, counts, labels)
    final = score(last, shares, nothing, counts, labels)
    loss = final.loss + ALONE * (alone[0].loss + alone[1].loss)
    if copying:
        copied = _copy(memory, seen.keys[:, last], logits, counts, seen.counts[:, last], labels.flatten(1, 2))
        loss = loss + copying * score(last, *copied, counts, labels).loss
    return loss, {
        "known": final.known,
        "right": final.right,
        "alone_known": alone[0].known + alone[1].known,
        "alone_right": alone[0].right + alone[1].right,
    }


def _look(memory: CorrespondenceMemory, matcher: RegionMatcher, batch: dict[str, torch.Tensor]) -> _Seen:
    count, slots, regions, points = batch["points"].shape[:4]
    places = batch["points"].reshape(count * slots, regions * points, 2)
    keys = torch.zeros(count * slots, regions * points, memory.dim, device=places.device)
    if "keys" in batch:
        keys = batch["keys"].reshape(keys.shape).float()
    index = 0
    while f"looks.{index}" in batch:
        looks, at = batch[f"looks.{index}"], batch[f"slots.{index}"]
        for part, slot in zip(looks.split(CHUNK), at.split(CHUNK), strict=True):
            if len(slot):
                features = _encode(memory, part)
                keys = keys.index_copy(0, slot, memory.keys_at(features, places[slot]).float())
        index += 1
    counts = batch["count"].flatten(0, 1)
    there = (torch.arange(points, device=counts.device) < counts[..., None]).to(keys)
    appearance = keys[..., : memory.config.key_dim].unflatten(1, (regions, points))
    appearance = 4 * (appearance * there[..., None]).sum(2) / counts[..., None].clamp(min=1)
    shape, touch = batch["shape"].flatten(0, 1), batch["touch"].flatten(0, 1)
    seen = matcher.look(RegionBatch(appearance, shape, touch, counts > 0))
    keys, tokens = keys.unflatten(0, (count, slots)), seen.tokens.unflatten(0, (count, slots))
    return _Seen(keys, batch["count"], tokens, seen.bias.unflatten(1, (count, slots)), batch["shape"])


def _encode(memory: CorrespondenceMemory, looks: torch.Tensor) -> LineFeatures:
    """looks: uint8 [n, h, w]. On a GPU always CHUNK at once: cuDNN takes seconds for every size it has not met."""
    count = len(looks)
    if looks.is_cuda:
        looks = F.pad(looks, (0, 0, 0, 0, 0, CHUNK - count))
    features = memory.encode(looks[:, None].float() / 255)
    return LineFeatures(tuple(values[:count] for values in features.maps), features.height, features.width)


def _logits(memory, asked, keys, counts, kinds) -> tuple[torch.Tensor, torch.Tensor]:
    """How well each point fits every point remembered [B, P, S, P'], and "nothing like it" for each picture [B, P, S].

    asked: keys [B, P, dim]; keys [B, S, P', dim] with counts [B, S, N] and kinds [B, S].
    """
    points = keys.shape[2] // counts.shape[2]
    there = (torch.arange(points, device=counts.device) < counts[..., None]).flatten(2)
    with torch.autocast(keys.device.type, enabled=False):
        asked = memory.ask(asked)
        offered = memory.offer(keys, kinds[..., None].expand(keys.shape[:-1]))
        logits = torch.einsum("bpd,bsqd->bpsq", asked, offered)
        logits = logits.masked_fill(~there[:, None], UNSEEN)
        pictures = memory.offer_nothing((counts > 0).sum(-1).float() * 8)[:, :, 0]
        return logits, torch.einsum("bpd,bsd->bps", asked, pictures)


def _matches(logits, doubt, target_counts, counts, evenness: float = 0.5) -> torch.Tensor:
    """`pipeline.region_view.match_regions` for a batch: [B, N, S * N']."""
    regions, pictures = target_counts.shape[1], counts.shape[1]
    points = logits.shape[1] // regions
    even = evenness * counts.clamp(min=1).float().log().repeat_interleave(points, dim=-1)
    logits = logits - even[:, None]
    highest = torch.maximum(logits.amax(-1), doubt).detach()
    weights = (logits - highest[..., None]).exp()
    shares = weights.unflatten(-1, (-1, points)).sum(-1)
    shares = shares / (weights.sum(-1) + (doubt - highest).exp())[..., None]
    return _region_mean(shares.flatten(2), target_counts).unflatten(2, (pictures, -1)).flatten(2)


def _copy(memory, asked, logits, counts, target_counts, labels) -> tuple[torch.Tensor, torch.Tensor]:
    """Labels copied by `CorrespondenceMemory.read`, mean over each region [B, N, K], and "nothing like it" [B, N]."""
    points = logits.shape[-1] // counts.shape[-1]
    with torch.autocast(asked.device.type, enabled=False):
        nothing = memory.offer_nothing(counts.sum((1, 2)).float())
        doubt = torch.einsum("bpd,bqd->bpq", memory.ask(asked), nothing)
        attention = torch.cat([logits.flatten(2), doubt], dim=-1).softmax(-1)
        by_region = attention[..., :-1].unflatten(-1, (-1, points)).sum(-1)
        copied = torch.cat([by_region @ labels.float(), attention[..., -1:]], dim=-1)
    copied = _region_mean(copied, target_counts)
    return copied[..., :-1], copied[..., -1]


def _region_mean(values: torch.Tensor, counts: torch.Tensor) -> torch.Tensor:
    """values: [B, P, C] of points -> mean over the points of each region [B, N, C]; counts: [B, N]."""
    regions = counts.shape[1]
    points = values.shape[1] // regions
    there = torch.arange(points, device=counts.device) < counts[..., None]
    values = values.unflatten(1, (regions, points)) * there[..., None]
    return values.sum(2) / counts[..., None].clamp(min=1)


@dataclass
class _Score:
    loss: torch.Tensor
    known: torch.Tensor
    right: torch.Tensor


def _weight(area: torch.Tensor) -> torch.Tensor:
    """area: pixels of a region -> 0.3 for specks, 1 over 10 pixels, more over 100 up to 2 from 10,000 on."""
    return torch.where(area > 10, 1 + (area.clamp(min=100).float() / 100).log10().clamp(max=2) / 2, 0.3)


def _score(shares, nothing, truth, weight, labels, present) -> _Score:
    """Mean cross-entropy, and counts of regions over 10 pixels (weight 1 and more) whose colour is remembered."""
    on_offer = (labels * present[..., None]).amax(1) > 0.5
    known = on_offer.gather(1, truth)
    chance = torch.where(known, shares.float().gather(-1, truth[..., None])[..., 0], nothing.float())
    loss = (-chance.clamp(min=1e-5).log() * weight).sum() / weight.sum().clamp(min=1)
    counted = known & (weight >= 1)
    right = (shares.argmax(-1) == truth) & counted
    return _Score(loss, counted.sum().detach(), right.sum().detach())
