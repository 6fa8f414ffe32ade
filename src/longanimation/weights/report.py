"""What is wrong with a table of tensors: missing, extra and misshapen names."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from longanimation.errors import InputError
from longanimation.weights.tensor_files import some

Shapes = Mapping[str, tuple[int, ...]]


@dataclass(frozen=True)
class KeyReport:
    """The difference between the tensors that are there and those that must be."""

    missing: list[str] = field(default_factory=list)
    extra: list[str] = field(default_factory=list)
    misshapen: dict[str, tuple[tuple[int, ...], tuple[int, ...]]] = field(default_factory=dict)  # found, expected

    @property
    def ok(self) -> bool:
        return not (self.missing or self.extra or self.misshapen)

    def lines(self) -> list[str]:
        """One line per wrong tensor."""
        return (
            [f"missing {name}" for name in self.missing]
            + [f"extra {name}" for name in self.extra]
            + [f"misshapen {name}: {list(f)}, expected {list(e)}" for name, (f, e) in self.misshapen.items()]
        )

    def raise_if_wrong(self, what: str) -> None:
        """InputError with everything in one line (the first names of each sort)."""
        if self.ok:
            return
        parts = []
        if self.missing:
            parts.append(f"{len(self.missing)} missing ({some(self.missing)})")
        if self.extra:
            parts.append(f"{len(self.extra)} extra ({some(self.extra)})")
        if self.misshapen:
            shapes = [f"{name} {list(f)} instead of {list(e)}" for name, (f, e) in self.misshapen.items()]
            parts.append(f"{len(shapes)} misshapen ({some(shapes)})")
        raise InputError(f"{what} does not have the published tensors: {'; '.join(parts)}")


def compare_keys(have: Shapes, want: Shapes, *, ignore: Callable[[str], bool] = lambda name: False) -> KeyReport:
    """Compare names and shapes; names for which `ignore` is true may be there or not, in any shape."""
    have = {name: tuple(shape) for name, shape in have.items() if not ignore(name)}
    want = {name: tuple(shape) for name, shape in want.items() if not ignore(name)}
    return KeyReport(
        missing=sorted(want.keys() - have.keys()),
        extra=sorted(have.keys() - want.keys()),
        misshapen={n: (have[n], want[n]) for n in sorted(want.keys() & have.keys()) if have[n] != want[n]},
    )
