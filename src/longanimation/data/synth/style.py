"""How the pen draws: line styles from clean to rough to machine-extracted."""

from __future__ import annotations

from dataclasses import dataclass

from longanimation.errors import InputError

LINE_STYLES = ("thin", "thick", "variable", "rough", "gaps", "scan", "machine")
CLOSED_STYLES = ("thin", "thick", "variable", "scan")  # outlines without breaks
_SHARES = (0.32, 0.1, 0.14, 0.12, 0.12, 0.08, 0.12)
_TRACE_COLOURS = ((230, 0, 0), (0, 60, 230), (0, 160, 60), (220, 0, 200))


@dataclass(frozen=True)
class LineStyle:
    """thickness, jitter: in frame heights. gaps: chance of a break per outline.

    Machine-extracted: breaks, specks, faint: shares of the line lost, of pixels with a speck, of the picture where
    lines are dashed; dark: palette indices whose areas come out noisy.
    """

    name: str
    thickness: float = 0.006
    trace_width: float = 0.75
    trace_colour: tuple[int, int, int] = (230, 0, 0)
    ink_colour: tuple[int, int, int] = (20, 20, 24)
    variable: bool = False
    jitter: float = 0.0
    double: bool = False
    gaps: float = 0.0
    machine: bool = False
    breaks: float = 0.0
    specks: float = 0.0
    faint: float = 0.0
    dark: tuple[int, ...] = ()
    scan: bool = False

    @property
    def restless(self) -> bool:
        """Whether the pen differs from drawing to drawing."""
        return self.jitter > 0 or self.gaps > 0

    @staticmethod
    def random(rng, name: str | None = None, figure: float = 1.0) -> LineStyle:
        """A style of the named kind (one of LINE_STYLES) or a random one, for figures this high (frame heights)."""
        if name is None:
            name = str(rng.choice(LINE_STYLES, p=_SHARES))
        elif name not in LINE_STYLES:
            raise InputError(f"line style {name!r} is none of {', '.join(LINE_STYLES)}")
        thickness = float(rng.uniform(0.0022, 0.0075))
        extra: dict = {}
        if name == "thick":
            thickness = float(rng.uniform(0.009, 0.017))
        elif name == "variable":
            thickness = float(rng.uniform(0.004, 0.011))
            extra = {"variable": True}
        elif name == "rough":
            extra = {"jitter": float(rng.uniform(0.0015, 0.0045)), "double": bool(rng.random() < 0.6)}
        elif name == "gaps":
            extra = {"gaps": float(rng.uniform(0.1, 0.4))}
        elif name == "scan":
            extra = {"scan": True, "jitter": 0.0008}
        elif name == "machine":
            extra = {
                "machine": True,
                "breaks": float(rng.uniform(0.0, 0.03)),
                "specks": float(rng.uniform(0.0, 0.0012)),
            }
        thickness = min(thickness, 0.013 * max(figure, 0.25))
        ink = (0, 0, 0) if rng.random() < 0.5 else tuple(int(v) for v in rng.integers(0, 70, 3))
        return LineStyle(
            name, thickness=thickness, trace_colour=_TRACE_COLOURS[rng.integers(0, 4)], ink_colour=ink, **extra
        )
