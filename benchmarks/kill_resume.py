"""Kills `longanimation colorize` at random moments, resumes it, and compares the result byte for byte.

    python benchmarks/kill_resume.py --moments 20

A moment is a random number of frames being there, and a random wait after that (for one in eight: a random wait from
the start, when nothing may be there). Half of the runs write PNG files, half a video; the signals are SIGKILL, SIGTERM
and SIGINT in turn. Exit code 0 if every resumed result equals the undisturbed one.
"""

import argparse
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from longanimation.data.synth import Scene
from longanimation.media import encode_png

SIGNALS = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--moments", type=int, default=20)
    parser.add_argument("--frames", type=int, default=60)
    parser.add_argument("--size", type=int, nargs=2, default=(135, 240), metavar=("HEIGHT", "WIDTH"))
    parser.add_argument("--model", default="mini")
    parser.add_argument("--seed", type=int, default=None, help="of the random moments; default: another each time")
    options = parser.parse_args()
    seed = random.randrange(1 << 30) if options.seed is None else options.seed
    print(f"{options.moments} moments, seed {seed}")
    with tempfile.TemporaryDirectory(prefix="kill-resume-") as folder:
        shot = draw_shot(Path(folder), options.frames, tuple(options.size))
        return run_all(
            Path(folder), [*shot, "--model", options.model], options.frames, options.moments, random.Random(seed)
        )


def run_all(folder: Path, arguments: list[str], frames: int, moments: int, rng: random.Random) -> int:
    whole, seconds = {}, {}
    for suffix in ("", ".mp4"):
        output, started = folder / f"whole{suffix}", time.monotonic()
        finished = start(arguments, output).wait()
        seconds[suffix] = time.monotonic() - started
        if finished != 0:
            raise SystemExit(f"the undisturbed run ended with exit code {finished}")
        whole[suffix] = content(output)
        print(f"undisturbed {output.name}: {seconds[suffix]:.1f} s")
    failures = 0
    for moment in range(moments):
        suffix, number = ("", ".mp4")[moment % 2], SIGNALS[moment % len(SIGNALS)]
        output = folder / f"killed_{moment:02d}{suffix}"
        process = start(arguments, output)
        wait_for_moment(process, output, frames, seconds[suffix], rng)
        process.send_signal(number)
        code = process.wait()
        there = written(output)
        resumed = start([*arguments, "--resume"], output).wait()
        same = resumed == 0 and content(output) == whole[suffix]
        failures += not same
        print(
            f"{moment + 1:3d}. {output.suffix or 'png'}: {number.name} with {there} frames there (exit {code}), "
            f"resumed: {'identical' if same else 'DIFFERENT'}",
            flush=True,
        )
    print(f"{moments - failures} of {moments} identical")
    return int(failures > 0)


def wait_for_moment(process: subprocess.Popen, output: Path, frames: int, seconds: float, rng: random.Random) -> None:
    """Return at a random moment of a run that takes `seconds`, or when it has ended."""
    from_start = rng.random() < 1 / 8
    end, wanted = time.monotonic() + rng.uniform(0, seconds), rng.randint(0, frames)
    while process.poll() is None:
        reached = time.monotonic() >= end if from_start else written(output) >= wanted
        if reached:
            time.sleep(rng.uniform(0, 0.1) * seconds / frames)
            return
        time.sleep(0.002)


def start(arguments: list[str], output: Path) -> subprocess.Popen:
    command = [sys.executable, "-m", "longanimation", "colorize", *arguments, "--output", str(output), "--quiet"]
    return subprocess.Popen(command)


def written(output: Path) -> int:
    """Frames that are on disk; for a video, those waiting to be encoded."""
    return len(list(output.glob("*.png"))) or len(list(Path(f"{output}.longanimation").glob("frames/*.png")))


def content(output: Path) -> dict[str, bytes]:
    """Everything at the output: one video, or all files below the folder."""
    if output.is_file():
        return {"": output.read_bytes()}
    return {str(path.relative_to(output)): path.read_bytes() for path in output.rglob("*") if path.is_file()}


def draw_shot(folder: Path, frames: int, size: tuple[int, int]) -> list[str]:
    """Arguments of a drawn shot: its folder and its references."""
    scene = Scene.random(5, split="test", frames=frames, size=size)
    (folder / "lines").mkdir()
    for index in range(frames):
        (folder / "lines" / f"cut_{index:04d}.png").write_bytes(encode_png(scene.render(index).lines))
    arguments = [str(folder / "lines")]
    for k, reference in enumerate(scene.references):
        path = folder / f"reference_{k}.png"
        path.write_bytes(encode_png(reference.image))
        arguments += ["--reference", str(path) if reference.frame is None else f"{path}@{reference.frame}"]
    return arguments


if __name__ == "__main__":
    sys.exit(main())
