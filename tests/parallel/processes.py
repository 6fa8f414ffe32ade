"""Several real processes that share work (gloo, CPU), without importing everything anew in each."""

import multiprocessing
import os
import socket

import torch

CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload(
    ["longanimation.parallel", "longanimation.weights.tiny", "longanimation.cli.app", "diffusers", "transformers"]
)


def start_processes(size: int, said, function, *arguments) -> list:
    """`function(*arguments)` in `size` processes with the environment that torchrun gives; it returns the exit code.

    What they print goes to the file `said`.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    settings = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), "WORLD_SIZE": str(size)}
    processes = []
    for rank in range(size):
        environment = {**settings, "RANK": str(rank)}
        process = CONTEXT.Process(target=_run, args=(environment, str(said), function, arguments), daemon=True)
        process.start()
        processes.append(process)
    return processes


def exit_codes(processes: list, seconds: float = 120) -> list:
    """Wait for the processes; None for one that hangs."""
    for process in processes:
        process.join(seconds)
    codes = [process.exitcode for process in processes]
    for process in processes:
        process.kill()
    return codes


def _run(environment, said, function, arguments):
    file = os.open(said, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(file, 1)
    os.dup2(file, 2)
    os.environ.update(environment)
    torch.set_num_threads(1)
    raise SystemExit(function(*arguments))
