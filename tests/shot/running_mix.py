"""A real, tiny, deterministic window model whose result depends on everything before it."""

import numpy as np
import torch

from longanimation.shot.window import Reference


class RunningMix:
    """Paints a drawing with a colour that is mixed from the references and every drawing so far.

    A lost, repeated or reordered window changes all later frames.
    """

    def __init__(self, window=5, overlap=0, reuse_identical=True, weight=0.5):
        self.window, self.overlap, self.reuse_identical, self.weight = window, overlap, reuse_identical, weight
        self.calls: list[tuple[int, ...]] = []

    def fingerprint(self):
        return {"weight": self.weight, "range": (0, 1)}

    def begin(self, references: list[Reference], *, size, prompt, seed):
        self.size = size
        colour = np.mean([r.image.reshape(-1, 3).mean(0) for r in references], axis=0)
        generator = torch.Generator().manual_seed(seed)
        return {"colour": torch.from_numpy(colour) + len(prompt), "random": generator.get_state()}

    def colour(self, drawings, state, *, segment):
        assert len(drawings) == len(segment.indices)
        self.calls.append(segment.indices)
        generator = torch.Generator()
        generator.set_state(state["random"])
        colour, frames = state["colour"], []
        for drawing in drawings:
            own = float(drawing.lines.mean()) + torch.rand(3, generator=generator, dtype=torch.float64) * 20
            colour = (1 - self.weight) * colour + self.weight * own
            frames.append(np.minimum(drawing.lines[..., None], (colour.numpy() % 256).astype(np.uint8)))
        return frames, {"colour": colour, "random": generator.get_state()}

    def state_to_tensors(self, state):
        return dict(state)

    def state_from_tensors(self, tensors):
        return dict(tensors)
