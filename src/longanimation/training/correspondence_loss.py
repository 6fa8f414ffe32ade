"""What the correspondence memory is trained for: the right palette label for each closed region."""

from dataclasses import dataclass

import torch

from longanimation.models.correspondence_memory import CorrespondenceMemory

UNSEEN = -1e4
"""Logit of a row that a frame may not read."""


@dataclass(frozen=True)
class EpisodeResult:
    """loss: scalar. region_right, region_known: [B, T] counts of regions; point_right, point_known likewise."""

    loss: torch.Tensor
    region_right: torch.Tensor
    region_known: torch.Tensor
    point_right: torch.Tensor
    point_known: torch.Tensor


def episode_loss(model: CorrespondenceMemory, batch: dict[str, torch.Tensor], num_labels: int = 64) -> EpisodeResult:
    """Copy labels from the points a frame may see, sum them over each region, and compare with the truth.

    batch: as `make_episode` gives it, stacked: lines uint8 [B, F, H, W], points [B, F, P, 2], regions, labels, shown
    [B, F, P], visible bool [B, F, F], kinds [B, F, F]. Cross-entropy on the vote of each region and on each point;
    where nothing visible shows the true label, the right answer is "nothing like it" (paper: none; DESIGN section 4).
    """
    batch_size, frames, points = batch["labels"].shape
    lines = batch["lines"].flatten(0, 1)[:, None].float() / 255
    features = model.encode(lines)
    keys = model.keys_at(features, batch["points"].flatten(0, 1)).unflatten(0, (batch_size, frames))

    present = batch["regions"] >= 0
    seen = (batch["visible"][..., None] & present[:, None]).flatten(2)
    kinds = batch["kinds"][..., None].expand(-1, -1, -1, points).flatten(2)
    with torch.autocast(lines.device.type, enabled=False):
        offered = model.offer(keys.flatten(1, 2)[:, None].expand(-1, frames, -1, -1), kinds)
        hidden = torch.zeros_like(offered)
        hidden[..., -2] = UNSEEN
        offered = torch.where(seen[..., None], offered, hidden)
        nothing = model.offer_nothing(seen.sum(-1).float())
        attention = (model.ask(keys) @ torch.cat([offered, nothing], dim=2).transpose(-1, -2)).softmax(dim=-1)

    shown = torch.nn.functional.one_hot(batch["shown"].flatten(1), num_labels).to(attention.dtype)
    copied = torch.cat([attention[..., :-1] @ shown[:, None], attention[..., -1:]], dim=-1)

    on_offer = torch.einsum("btr,brl->btl", seen.to(shown.dtype), shown) > 0
    known = torch.gather(on_offer, 2, batch["labels"])
    target = torch.where(known, batch["labels"], num_labels)
    answers = seen.any(-1)[..., None] & present
    point_loss = -torch.log(copied.gather(-1, target[..., None])[..., 0].clamp(min=1e-5))

    votes, region_target, region_known, region_exists = _votes(copied, batch["regions"], target, known, answers)
    region_loss = -torch.log(votes.gather(-1, region_target[..., None])[..., 0].clamp(min=1e-5))
    loss = _mean(region_loss, region_exists) + 0.5 * _mean(point_loss, answers)

    with torch.no_grad():
        region_hit = votes[..., :-1].argmax(-1) == region_target
        point_hit = copied[..., :-1].argmax(-1) == batch["labels"]
        region_known, point_known = region_known & region_exists, known & answers
    return EpisodeResult(
        loss,
        (region_hit & region_known).sum(-1),
        region_known.sum(-1),
        (point_hit & point_known).sum(-1),
        point_known.sum(-1),
    )


def _votes(copied, regions, target, known, answers):
    """Mean of `copied` over the points of each region: [B, T, P, labels + 1], at most as many regions as points."""
    index = regions.clamp(min=0)
    weight = answers.to(copied.dtype)
    total = torch.zeros_like(copied).scatter_add(2, index[..., None].expand_as(copied), copied * weight[..., None])
    size = torch.zeros_like(weight).scatter_add(2, index, weight)
    region_target = torch.zeros_like(target).scatter_reduce(2, index, target * answers, reduce="amax")
    region_known = torch.zeros_like(target).scatter_reduce(2, index, (known & answers).long(), reduce="amax") > 0
    return total / size.clamp(min=1)[..., None], region_target, region_known, size > 0


def _mean(values: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    return (values * mask).sum() / mask.sum().clamp(min=1)
