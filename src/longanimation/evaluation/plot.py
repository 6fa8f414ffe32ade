"""Colour error over the frames of a shot, drawn."""

from collections.abc import Sequence
from pathlib import Path

from longanimation.evaluation.report import Report
from longanimation.media.atomic import atomic_path

_LINES = ("-", "--", ":")


def plot_color_error(path: str | Path, reports: Sequence[Report], *, title: str = "") -> None:
    """Writes a PNG with one curve for each report: mean CIEDE2000 off the line against the frame number."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # no display needed, no global state touched
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 3.6), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    for place, report in enumerate(reports):
        numbers, errors = zip(*((frame.number, frame.color_error) for frame in report.per_frame), strict=True)
        line = _LINES[place // 10 % len(_LINES)]  # there are ten colours
        axes.plot(numbers, errors, line, label=report.name, linewidth=1.2)
    axes.set(xlabel="frame", ylabel="mean CIEDE2000 off the line", title=title)
    axes.set_ylim(bottom=0)
    axes.margins(x=0.01)
    axes.grid(alpha=0.25)
    if len(reports) > 1:
        figure.legend(loc="outside right upper", frameon=False)
    with atomic_path(path) as temporary:
        figure.savefig(temporary, dpi=110, metadata={"Software": None})
