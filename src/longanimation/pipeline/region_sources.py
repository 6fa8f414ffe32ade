"""Which character sheet the colours of a region come from: neighbours mostly belong to the same character."""

import torch

AGREEMENT = 2.0
"""How much a region believes its neighbours: log-odds if all of them are sure. Found on shots of other seeds."""

ROUNDS = 10
ALIKE = 0.6
"""Share of the smaller sheet's colours, from which on two sheets show the same character."""


def agree(shares: torch.Tensor, touch: torch.Tensor, papers: list[int]) -> torch.Tensor:
    """Regions of one drawing agree with their neighbours on the sheet they are painted from.

    shares: float [N, S, K], of each source and label; each region sums to 1. Source 0 is whatever is no sheet, and has
    no say; nor has what has the colour of a sheet's paper, which all characters stand on. touch: float [N, N], share of
    the row's border along the column; the small that lies within the large counts for both. papers: the labels of
    paper, each once. Returns shares of the same shape, the labels of each source in the same proportions. Mean field of
    a Potts model. Fewer than two sheets change nothing.
    """
    if shares.shape[1] < 3:
        return shares
    own = shares.sum(2)
    evidence = (own + 1e-3).log()
    heard = (touch + touch.T).sqrt() * (1 - shares.sum(1)[:, papers].sum(1)).clamp(min=0)
    heard = heard / heard.sum(1, keepdim=True).clamp(min=1e-6)
    agreed = own
    for _ in range(ROUNDS):
        told = heard @ agreed
        told[:, 0] = told[:, 1:].mean(1)
        agreed = (evidence + AGREEMENT * told).softmax(1)
    shares = shares * (agreed / own.clamp(min=1e-3))[..., None]
    return shares / shares.sum((1, 2), keepdim=True).clamp(min=1e-6)


def same_character(labels: torch.Tensor, other: torch.Tensor) -> bool:
    """Whether two sheets have most of their colours in common. labels, other: float [N, K], of the regions of each."""
    first, second = (set(part.argmax(1).tolist()) for part in (labels, other))
    return len(first & second) > ALIKE * min(len(first), len(second))
