"""Peak memory of a computation without doing it: runs it on the meta device and counts the tensors alive at a time."""

from __future__ import annotations

import weakref
from collections.abc import Callable
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
            query = args[0] if args else kwargs["query"]
            value = args[2] if len(args) > 2 else kwargs["value"]
            return query.new_empty(*query.shape[:-1], value.shape[-1])
        return function(*args, **(kwargs or {}))


def peak_bytes(compute: Callable[[], Any]) -> int:
    """Most bytes that the tensors made in `compute` occupy at one time; inputs and weights are not counted.

    `compute` must work on meta tensors. Kernel work space (cuDNN, cuBLAS) and fragmentation come on top.
    """
    counter = _LiveTensors()
    with torch.no_grad(), _FusedAttention(), counter:
        result = compute()
    del result
    return counter.peak
