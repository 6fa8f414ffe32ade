"""The processes that torchrun started: who is who, and how the first one speaks to the others."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import torch
import torch.distributed as dist

from longanimation.errors import InputError

_PATIENCE = timedelta(days=7)
"""Helpers wait while the leader reads, decodes and writes. If a process dies, torchrun ends the others."""

_current: Team | None = None


def current_team() -> Team | None:
    """The team that this process has `joined`."""
    return _current


class Team:
    """This process among the others of one run. rank 0 is the leader; device: the one that this process computes on.

    Tensors travel by NCCL between GPUs and by gloo between CPUs; messages always by gloo, so that waiting for one
    does not keep a GPU busy.
    """

    def __init__(self, rank: int, size: int, device: torch.device):
        self.rank, self.size, self.device = rank, size, device
        self._lost = False

    @property
    def leads(self) -> bool:
        return self.rank == 0

    @property
    def in_step(self) -> bool:
        """Whether all processes are where they expect each other to be; not so after an error inside `together`."""
        return not self._lost

    @contextmanager
    def together(self) -> Iterator[None]:
        """Code that all processes run in step. Ctrl-C and the terminate signal wait until it is through."""
        with held_signals():
            before, self._lost = self._lost, True
            yield
            self._lost = before  # not after an error, and not yet inside another `together`

    def tell(self, message: Any) -> None:
        """Send a message to all helpers, each of which must be at `hear`."""
        with self.together():
            with self._connection():
                dist.broadcast_object_list([message], src=0, device=torch.device("cpu"))

    def hear(self) -> Any:
        """The leader's next message."""
        box = [None]
        with self._connection():
            dist.broadcast_object_list(box, src=0, device=torch.device("cpu"))
        return box[0]

    def hand_round(self, tensor: torch.Tensor, source: int = 0) -> None:
        """Fill `tensor` (contiguous, the same shape and dtype everywhere) with what it holds on rank `source`."""
        with self._connection():
            dist.broadcast(tensor.view(-1).view(torch.uint8), src=source)  # bytes: gloo does not know every dtype

    @contextmanager
    def _connection(self) -> Iterator[None]:
        """Ends this process with one line if another one is gone, which has said why itself."""
        try:
            yield
        except RuntimeError as error:
            reason = str(error).splitlines()[0]
            raise SystemExit(f"longanimation: process {self.rank} lost the others ({reason})") from error


@contextmanager
def joined() -> Iterator[Team]:
    """Take part in the team that torchrun started, on this process's own device.

    Raises InputError if there are fewer GPUs than processes on this machine.
    """
    global _current
    local = int(os.environ.get("LOCAL_RANK", "0"))
    device = torch.device("cpu")
    if torch.cuda.is_available():
        count, wanted = torch.cuda.device_count(), int(os.environ.get("LOCAL_WORLD_SIZE", "1"))
        if wanted > count:
            raise InputError(f"{wanted} processes but {count} GPUs on this machine; use --nproc-per-node {count}")
        device = torch.device("cuda", local)
        torch.cuda.set_device(device)
    dist.init_process_group("cpu:gloo,cuda:nccl" if device.type == "cuda" else "gloo", timeout=_PATIENCE)
    _current = team = Team(dist.get_rank(), dist.get_world_size(), device)
    try:
        yield team
    finally:
        _current = None
    if team.in_step:  # otherwise, as after an error, others may be inside an exchange: no waiting for them
        dist.destroy_process_group()


@contextmanager
def held_signals() -> Iterator[None]:
    """SIGINT and SIGTERM that come inside act at the end (in the main thread; elsewhere nothing is changed)."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[int] = []
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.signal(number, lambda which, _frame: came.append(which)) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if came:
        signal.raise_signal(came[0])
