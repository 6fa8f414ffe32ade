"""`torchrun ... -m longanimation colorize ...`: one command, several processes; the first leads."""

from __future__ import annotations

import os
import signal
import sys
import warnings
from collections.abc import Callable
from pathlib import Path

from longanimation.errors import InputError


def launched_as_team(arguments: list[str]) -> bool:
    """Whether torchrun started this process as one of several, with a command that they share."""
    return arguments[:1] == ["colorize"] and "RANK" in os.environ and int(os.environ.get("WORLD_SIZE", "1")) > 1


def run_together(run: Callable[[], int]) -> int:
    """Run the command in the first process while the others help it; every process returns the same exit code."""
    from longanimation.parallel import help_the_leader, joined

    warnings.filterwarnings("ignore", category=FutureWarning, module="diffusers")  # the user cannot act on them
    try:
        with joined() as team:
            return _lead(team, run) if team.leads else help_the_leader(team)
    except InputError as error:
        print(f"longanimation: process {os.environ['RANK']}: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130


def _lead(team, run: Callable[[], int]) -> int:
    from longanimation.parallel.messages import Exit

    code = 1
    try:
        code = run()
        return code
    finally:
        if team.in_step:
            for number in (signal.SIGINT, signal.SIGTERM):
                signal.signal(number, signal.SIG_IGN)  # it ends anyhow
            team.tell(Exit(code))


def share_window_model(window, model: str | Path, mode: str) -> list[str]:
    """Let the other processes, if there are any, take part in a window model. Returns notes for the user.

    model: what it was loaded from (`find_model`). Raises InputError for a model that has nothing to share.
    """
    from longanimation.parallel import current_team, share_pipeline

    team = current_team()
    if team is None:
        alone = "parallel has no effect on one process; start with: torchrun --nproc-per-node 2 -m longanimation ..."
        return [] if mode == "auto" else [alone]
    if not hasattr(window, "pipeline"):
        raise InputError("only video models run on several processes; start this one without torchrun")
    return [share_pipeline(team, window.pipeline, model, mode).describe()]


def how_launched() -> list[str]:
    """The words before `colorize` that started this command."""
    count = os.environ.get("LOCAL_WORLD_SIZE")
    if not launched_as_team(["colorize"]) or count is None:
        return ["longanimation"]
    return ["torchrun", "--nproc-per-node", count, "-m", "longanimation"]
