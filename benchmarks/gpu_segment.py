"""Time, memory and share of the floor of one window of the diffusion model on one GPU, for every way to run it.

    python benchmarks/gpu_segment.py                             # published sizes, writes docs/gpu_segment.{md,json}
    python benchmarks/gpu_segment.py --limit-seconds 540         # in portions: the same command goes on
    python benchmarks/gpu_segment.py --tiny --output runs/tiny   # the same code on a CPU, in seconds

Weights are random and made on the GPU. Results are written after each variant; those in the file are not measured
again. A variant that fails, crashes or hangs gets a reason in the table and the rest goes on.
"""

import argparse
import sys
import time
import warnings
from pathlib import Path

from gpu.results import Results, write

SIZES = ["576x1024", "768x1360"]
TINY_SIZES = ["48x64", "32x48"]


def main(arguments: list[str] | None = None) -> int:
    arguments = sys.argv[1:] if arguments is None else arguments
    options = parse(arguments)
    results = Results.read(options.output / "gpu_segment.json")
    if options.worker or options.tiny:
        code = run_worker(options, results)
    else:
        from gpu.supervisor import supervise

        deadline = [] if options.limit_seconds is None else ["--deadline", str(time.time() + options.limit_seconds)]
        command = [sys.executable, __file__, *arguments, "--worker", *deadline]
        code = supervise(command, results, limit=options.limit_seconds, variant_limit=options.variant_seconds)
    if not options.worker:
        write_table(options.output)
    return code


def parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", action="append", help=f"HEIGHTxWIDTH, repeatable; default {' and '.join(SIZES)}")
    parser.add_argument("--output", type=Path, help="folder; default docs")
    parser.add_argument("--only", action="append", default=[], help="variants whose name contains this; repeatable")
    parser.add_argument("--steps", type=int, default=4, help="timed steps of a variant")
    parser.add_argument("--cache-steps", type=int, default=8, help="timed steps of a cache")
    parser.add_argument("--limit-seconds", type=float, help="stop after this time; the next run goes on")
    parser.add_argument("--variant-seconds", type=float, default=240, help="a variant that takes longer has failed")
    parser.add_argument("--retry-failed", action="store_true", help="also those that have a reason instead of a result")
    parser.add_argument("--tiny", action="store_true", help="tiny networks on the CPU; needs --output")
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--deadline", type=float, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.tiny and options.output is None:
        parser.error("--tiny needs --output: its times are not for the docs")
    options.output = options.output or Path(__file__).parents[1] / "docs"
    options.size = options.size or (TINY_SIZES if options.tiny else SIZES)
    return options


def run_worker(options: argparse.Namespace, results: Results) -> int:
    warnings.filterwarnings("ignore")
    import torch
    from diffusers.utils import logging as diffusers_logging
    from gpu import networks
    from gpu.loop import Effort
    from gpu.worker import Plan, work

    diffusers_logging.set_verbosity_error()
    device = torch.device("cpu" if options.tiny else options.device)
    if device.type == "cuda":
        if not torch.cuda.is_available():
            raise SystemExit("no GPU here; --tiny tries the benchmark out on the CPU")
        device = torch.device("cuda", device.index or 0)
    deadline = options.deadline
    if options.tiny and options.limit_seconds is not None:
        deadline = time.time() + options.limit_seconds
    plan = Plan(
        networks.tiny() if options.tiny else networks.published(),
        [tuple(int(side) for side in size.split("x")) for size in options.size],
        device,
        Effort(options.steps, options.cache_steps),
        tuple(options.only),
        deadline,
        options.retry_failed,
    )
    return work(plan, results)


def write_table(output: Path) -> None:
    results = Results.read(output / "gpu_segment.json")
    if not results.machine:
        return
    from gpu.table import markdown

    write(output / "gpu_segment.md", markdown(results))
    print(f"written: {output / 'gpu_segment.md'}")


if __name__ == "__main__":
    sys.exit(main())
