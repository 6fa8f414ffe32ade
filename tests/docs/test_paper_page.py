"""docs/paper.md names settings, tests and commands that exist."""

import re
from dataclasses import fields
from pathlib import Path

import pytest
from typer.main import get_command

import longanimation.shot
from longanimation.cli.app import app
from longanimation.pipeline import SegmentSettings, WindowSettings
from longanimation.weights.memory_plan import memory_plans

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "paper.md").read_text()


def test_every_setting_named_is_a_field():
    table = PAGE[PAGE.index("| published | default here | setting |") :]
    named = re.findall(r"\| `([\w.]+)` \|$", table, re.MULTILINE)
    window, loop = ({entry.name for entry in fields(cls)} for cls in (WindowSettings, SegmentSettings))
    known = window | {f"denoising.{name}" for name in loop} | set(dir(longanimation.shot))
    assert len(named) >= 13 and set(named) <= known
    changed = {name for name in window - {"denoising"} if getattr(WindowSettings(), name) != published(name)}
    assert changed <= set(named), "every setting in which the default differs from the published one is in the table"


def published(name):
    return getattr(WindowSettings.published(), name)


def test_every_test_named_exists():
    named = [word for command in re.findall(r"`pytest ([^`]+)`", PAGE) for word in command.split()]
    assert named and all((ROOT / name).exists() for name in named)


def test_every_option_named_exists():
    commands = get_command(app).commands
    commands |= commands["weights"].commands
    parameters = [parameter for command in commands.values() for parameter in command.params]
    known = {option for parameter in parameters for option in (*parameter.opts, *parameter.secondary_opts)}
    others = {"--tiny"}  # of benchmarks/gpu_segment.py
    assert set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", PAGE)) <= known | others


@pytest.mark.parametrize(("column", "size"), [(0, (576, 1024)), (1, (768, 1360))])
def test_the_memory_table_is_what_the_pre_flight_counts(column, size):
    rows = re.findall(r"^\| .+ \| ([\d.]+) GB \| ([\d.]+) GB \| (\d+) GB \|$", PAGE, re.MULTILINE)
    plans = memory_plans("5b", size=size)
    assert [row[column] for row in rows] == [f"{plan.vram / 2**30:.1f}" for plan in plans]
    assert [row[2] for row in rows] == [f"{plan.ram / 2**30:.0f}" for plan in plans]
