"""How the pen draws: line styles from clean to rough to machine-extracted."""

from __future__ import annotations

from dataclasses import dataclass

LINE_STYLES = ("thin", "thick", "variable", "rough", "gaps", "scan", "machine")


@dataclass(frozen=True)
class LineStyle:
    """thickness in frame heights; jitter in pixels; gaps: chance of a break per outline; breaks, specks: shares of pixels."""

    name: str
    thickness: float = 0.006
    trace_width: float = 0.7
    trace_colour: tuple[int, int, int] = (230, 0, 0)
    ink_level: int = 20
    variable: bool = False
    jitter: float = 0.0
    double: bool = False
    gaps: float = 0.0
    machine: bool = False
    breaks: float = 0.0
    specks: float = 0.0
    scan: bool = False

    @staticmethod
    def random(rng, name: str | None = None) -> LineStyle:
        """A style of the named kind (one of LINE_STYLES), or of a random one."""
        if name is None:
            name = str(rng.choice(LINE_STYLES, p=(0.3, 0.12, 0.14, 0.12, 0.12, 0.08, 0.12)))
        colour = [(230, 0, 0), (0, 60, 230), (0, 160, 60)][rng.integers(0, 3)]
        thickness = float(rng.uniform(0.0015, 0.0055))
        extra: dict = {}
        if name == "thick":
            thickness = float(rng.uniform(0.006, 0.010))
        elif name == "variable":
            extra = {"variable": True}
        elif name == "rough":
            extra = {"jitter": float(rng.uniform(0.25, 0.7)), "double": bool(rng.random() < 0.6)}
        elif name == "gaps":
            extra = {"gaps": float(rng.uniform(0.15, 0.5))}
        elif name == "scan":
            extra = {"scan": True}
        elif name == "machine":
            extra = {
                "machine": True,
                "breaks": float(rng.uniform(0.0, 0.035)),
                "specks": float(rng.uniform(0.0, 0.0015)),
            }
        return LineStyle(name, thickness=thickness, trace_colour=colour, ink_level=int(rng.integers(0, 60)), **extra)
