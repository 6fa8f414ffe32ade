"""A growing video and its memory: frames are appended as they are made, nothing is encoded twice."""

from __future__ import annotations

import numpy as np
import torch

from longanimation.errors import InputError
from longanimation.models.video_xl_memory import Frames, MemoryState, VideoXLMemory

GLOBAL_FRAMES = 650
"""Most frames in the global memory (published inference; the language model was trained on positions up to 32768)."""
LOCAL_FRAMES = 20


def selected_frames(total: int, limit: int = GLOBAL_FRAMES) -> list[int]:
    """Positions (0-based) of the frames in the global memory: all, or `limit` equally spaced ones with both ends."""
    if total <= limit:
        return list(range(total))
    return np.linspace(0, total - 1, limit, dtype=int).tolist()


class VideoXLHistory:
    """Global and local memory of all frames so far.

    Up to `global_frames` frames the memory is extended exactly: the result equals encoding all frames anew, at the cost
    of the new ones. Beyond, the published rule picks other frames each time, so the language model runs again over the
    visual tokens, which are kept (on the CPU, about 1 MB per frame at the published size) so that the tower never does.

    recent: what the local memory shows. "history": the last `local_frames` frames. "selection": the last entries of the
    thinned list, as published; the same up to `global_frames` frames, beyond it they drift apart.
    """

    def __init__(
        self,
        model: VideoXLMemory,
        *,
        global_frames: int = GLOBAL_FRAMES,
        local_frames: int = LOCAL_FRAMES,
        recent: str = "history",
    ):
        if recent not in ("history", "selection"):
            raise InputError(f"recent {recent!r} is not known; choose history or selection")
        self.model = model
        self.global_frames, self.local_frames, self.recent = global_frames, local_frames, recent
        self.features: list[torch.Tensor] = []  # [tokens, dim] per frame, on the CPU
        self.state: MemoryState | None = None

    def __len__(self) -> int:
        return len(self.features)

    @torch.no_grad()
    def append(self, frames: Frames) -> None:
        """Add frames to the end; `frames` as in `VideoXLMemory.features`, batch 1."""
        self.append_features(self.model.features(frames))

    @torch.no_grad()
    def append_features(self, features: torch.Tensor) -> None:
        """Add frames given as `VideoXLMemory.features` [1, F, tokens, dim]: what `features` of a saved history held.

        Saved portions appended in the same order give the same memory to the last bit.
        """
        if len(features) != 1:
            raise InputError(f"a history holds one video, not a batch of {len(features)}")
        self.features += features[0].cpu().unbind(0)
        if len(self) <= self.global_frames:
            state = self.model.start() if self.state is None else self.state
            self.state = self.model.append(state, features).to("cpu")  # the next use is a whole window away
        else:
            self.state = None  # another selection from now on

    @torch.no_grad()
    def read(self) -> tuple[torch.Tensor, torch.Tensor]:
        """(global_memory, local_memory), each [1, 2, layers, N, kv_dim]. Raises InputError before the first frame."""
        if not self.features:
            raise InputError("the memory needs at least one frame; got none")
        chosen = selected_frames(len(self), self.global_frames)
        recent = list(range(len(self))) if self.recent == "history" else chosen
        if len(self) <= self.global_frames and self.state is not None:
            global_memory = self.model.read(self.state)
        else:
            global_memory = self.model.encode_features(self._stacked(chosen))
        return global_memory, self.model.encode_features(self._stacked(recent[-self.local_frames :]))

    def _stacked(self, positions: list[int]) -> torch.Tensor:
        return torch.stack([self.features[position] for position in positions])[None]

    def state_dict(self) -> dict[str, torch.Tensor]:
        """All that a checkpoint needs, on the CPU; reading after `load_state_dict` gives the same bytes."""
        if not self.features:
            return {}
        saved = {"features": torch.stack(self.features)}
        if self.state is not None:
            saved |= {
                "closed": self.state.closed,
                "open": self.state.open,
                "open_tokens": torch.tensor(self.state.open_tokens),
            }
        return saved

    def load_state_dict(self, saved: dict[str, torch.Tensor]) -> None:
        """Continue from a `state_dict`."""
        self.features = list(saved["features"].unbind(0)) if saved else []
        self.state = None
        if "closed" in saved:
            self.state = MemoryState(saved["closed"], saved["open"], int(saved["open_tokens"]), len(self.features))
