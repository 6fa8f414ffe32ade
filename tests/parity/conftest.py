"""Says at the end of a run how far this implementation is from the published numbers (with -v: every comparison).

Tests marked slow run only when asked for: `pytest tests/parity -m slow`.
"""

import sys

import pytest
import torch


@pytest.fixture(autouse=True, scope="package")
def one_thread():
    """Models this small only lose by sharing their work among threads."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def pytest_configure(config):
    config.addinivalue_line("markers", "slow: takes over ten seconds; runs only with -m slow")


def pytest_collection_modifyitems(config, items):
    if "slow" in config.option.markexpr:
        return
    for item in items:
        if item.get_closest_marker("slow") and "tests/parity" in item.path.as_posix():
            item.add_marker(pytest.mark.skip(reason="slow: run with -m slow"))


def pytest_terminal_summary(terminalreporter):
    distances = getattr(sys.modules.get("fixture"), "distances", None)
    if not distances:
        return
    terminalreporter.section("largest difference from the published numbers")
    if terminalreporter.config.option.verbose < 0:
        distances = dict([max(distances.items(), key=lambda item: item[1])])
    for label, distance in distances.items():
        terminalreporter.write_line(f"{distance:.2e}  {label}")
