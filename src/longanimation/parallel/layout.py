"""Which process does what: guidance halves, slices of the tokens, or both."""

from __future__ import annotations

from dataclasses import dataclass

from longanimation.errors import InputError

MODES = ("auto", "guidance", "ulysses")


@dataclass(frozen=True)
class Layout:
    """guidance: 2 if the halves of classifier-free guidance run on different processes, else 1. slices: processes that
    share every forward pass, each with a slice of the tokens (Ulysses).

    Ranks 0 to slices - 1 compute the positive half (or both), the following ones the negative half.
    """

    guidance: int
    slices: int

    @property
    def processes(self) -> int:
        return self.guidance * self.slices

    def computes_negative_half(self, rank: int) -> bool:
        """Whether a rank belongs to the second group."""
        return rank >= self.slices

    def describe(self) -> str:
        """In words, for the user."""
        halves = "guidance halves on different ones" if self.guidance == 2 else ""
        slices = f"each window in {self.slices} slices" if self.slices > 1 else ""
        return f"{self.processes} processes: {', '.join(words for words in (halves, slices) if words)}"


def choose_layout(mode: str, processes: int, *, guided: bool, heads: int) -> Layout:
    """The layout for a number of processes.

    Args:
        mode: "guidance": halves on two groups of processes, tokens split within a group; "ulysses": tokens split over
            all processes; "auto": "guidance" where it can be, for it exchanges least, else "ulysses".
        guided: whether there is a negative half at all.
        heads: attention heads of the networks, which the number of slices must divide.

    Raises InputError for what cannot be.
    """
    if mode not in MODES:
        raise InputError(f"parallel must be one of {', '.join(MODES)}, got {mode!r}")
    if mode == "guidance" and not guided:
        raise InputError("there is no guidance to share (guidance is 1 or less); use --parallel ulysses")
    if mode == "guidance" and processes % 2:
        raise InputError(
            f"guidance halves need an even number of processes, not {processes}; "
            "use another number or --parallel ulysses"
        )
    halves = 2 if guided and processes % 2 == 0 and mode != "ulysses" else 1
    layout = Layout(halves, processes // halves)
    if heads % layout.slices:
        fitting = [str(n * halves) for n in range(1, heads + 1) if heads % n == 0 and n * halves > 1]
        raise InputError(
            f"{processes} processes cannot share the {heads} attention heads of this model evenly; "
            f"use {', '.join(fitting)} processes"
        )
    return layout
