"""Says at the end of a run how far this implementation is from the published numbers (with -v: every comparison)."""

import sys


def pytest_terminal_summary(terminalreporter):
    distances = getattr(sys.modules.get("fixture"), "distances", None)
    if not distances:
        return
    terminalreporter.section("largest difference from the published numbers")
    if terminalreporter.config.option.verbose < 0:
        distances = dict([max(distances.items(), key=lambda item: item[1])])
    for label, distance in distances.items():
        terminalreporter.write_line(f"{distance:.2e}  {label}")
