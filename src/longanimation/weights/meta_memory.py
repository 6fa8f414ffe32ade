"""Peak memory of a computation without doing it: runs it on the meta device and counts the tensors alive at a time."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from contextlib import contextmanager
from typing import Any

import torch
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves


class _LiveTensors(TorchDispatchMode):
    """Bytes of storages made by operations and still referenced; several tensors on one storage count once."""

    def __init__(self):
        super().__init__()
        self.live = self.peak = 0
        self._known: dict[int, Any] = {}

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        for leaf in tree_leaves((args, kwargs)):
            if isinstance(leaf, torch.Tensor):
                self._known.setdefault(leaf.untyped_storage()._cdata, None)  # made outside: a weight or an input
        out = function(*args, **(kwargs or {}))
        for leaf in tree_leaves(out):
            if isinstance(leaf, torch.Tensor):
                self._count(leaf.untyped_storage())
        return out

    def _count(self, storage) -> None:
        key = storage._cdata
        if key in self._known:
            return
        size = storage.nbytes()
        self.live += size
        self.peak = max(self.peak, self.live)
        self._known[key] = weakref.finalize(storage, self._freed, key, size)

    def _freed(self, key: int, size: int) -> None:
        self._known.pop(key, None)
        self.live -= size


class _FusedAttention(TorchFunctionMode):
    """Attention as a fused kernel: it makes its output only. On the meta device it would make the score matrix."""

    def __torch_function__(self, function, types, args=(), kwargs=None):
        if function is torch.nn.functional.scaled_dot_product_attention:
            named = dict(zip(("query", "key", "value"), args, strict=False)) | (kwargs or {})
            return _FusedAttentionOutput.apply(named["query"], named["key"], named["value"])
        return function(*args, **(kwargs or {}))


class _FusedAttentionOutput(torch.autograd.Function):
    """What a fused kernel makes and keeps: its output; for the backward pass also query, key and value."""

    @staticmethod
    def forward(context, query, key, value):
        out = query.new_empty(*query.shape[:-1], value.shape[-1])
        context.save_for_backward(query, key, value, out)
        return out

    @staticmethod
    def backward(context, grad):
        query, key, value, _ = context.saved_tensors
        return torch.empty_like(query), torch.empty_like(key), torch.empty_like(value)


@contextmanager
def _replaced_attention():
    """As `_FusedAttention`, also where checkpointing computes again: modes are off inside a backward pass."""
    before = torch.nn.functional.scaled_dot_product_attention
    torch.nn.functional.scaled_dot_product_attention = lambda query, key, value, *_, **__: _FusedAttentionOutput.apply(
        query, key, value
    )
    try:
        yield
    finally:
        torch.nn.functional.scaled_dot_product_attention = before


def peak_bytes(compute: Callable[[], Any], *, gradients: bool = False) -> int:
    """Most bytes that the tensors made in `compute` occupy at one time; inputs and weights are not counted.

    `compute` must work on meta tensors. gradients: it records and runs a backward pass; what that keeps counts.
    Kernel work space (cuDNN, cuBLAS) and fragmentation come on top.
    """
    counter = _LiveTensors()
    attention = _replaced_attention() if gradients else _FusedAttention()
    with torch.set_grad_enabled(gradients), attention, counter:
        result = compute()
    del result
    return counter.peak
