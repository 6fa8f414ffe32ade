"""Prints how far this implementation is from the published numbers, one line per comparison."""

import sys


def pytest_terminal_summary(terminalreporter):
    distances = getattr(sys.modules.get("fixture"), "distances", None)
    if not distances or terminalreporter.config.option.verbose < 0 and not terminalreporter.config.option.reportchars:
        return
    terminalreporter.section("largest difference from the published numbers")
    for label, distance in distances.items():
        terminalreporter.write_line(f"{distance:.2e}  {label}")
