"""Prompts as the user writes them: a text for the whole shot, and texts for ranges of its frames."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from longanimation.errors import InputError
from longanimation.media import FrameSequence
from longanimation.shot.plan import Segment
from longanimation.shot.window import WindowModel

_RANGE = re.compile(r"\s*(\d+)\s*-\s*(\d*)\s*:\s*(.*)", re.DOTALL)


@dataclass(frozen=True)
class Prompts:
    """whole: text of frames without a text of their own. changes: pairs (0-based position, text), from there on."""

    whole: str = ""
    changes: tuple[tuple[int, str], ...] = ()

    def at(self, position: int) -> str:
        """The text at a 0-based frame of the shot."""
        found = bisect_right([start for start, _ in self.changes], position)
        return self.changes[found - 1][1] if found else self.whole


def read_prompts(prompts: str | Sequence[str], sequence: FrameSequence) -> Prompts:
    """Understand prompts: "TEXT" for the whole shot, "FIRST-LAST:TEXT" or "FIRST-:TEXT" for a range of its frames.

    Frames are counted by the files' own numbers, both ends belong to the range. Outside of ranges the text for the
    whole shot holds (none: no text). Raises InputError for two whole texts, ranges that overlap, and ranges that hold
    no frame of the shot.
    """
    whole: str | None = None
    ranges: list[tuple[int, int, str, str]] = []
    for entry in [prompts] if isinstance(prompts, str) else prompts:
        match = _RANGE.fullmatch(entry)
        if match is None:
            if whole is not None:
                raise InputError(
                    f"two prompts for the whole shot: {whole!r} and {entry!r}; give each its frames, as in 1-120:TEXT"
                )
            whole = entry
            continue
        first, last = int(match[1]), int(match[2]) if match[2] else sequence.numbers[-1]
        inside = [position for position, number in enumerate(sequence.numbers) if first <= number <= last]
        name = f"{match[1]}-{match[2]}"
        if not inside:
            low, high = sequence.numbers[0], sequence.numbers[-1]
            raise InputError(f"prompt {name}: the shot has no such frames; its frames are {low} to {high}")
        ranges.append((inside[0], inside[-1] + 1, match[3].strip(), name))
    ranges.sort()
    changes: list[tuple[int, str]] = []
    for index, (start, stop, text, name) in enumerate(ranges):
        if index and start < ranges[index - 1][1]:
            raise InputError(f"the prompts of frames {ranges[index - 1][3]} and {name} overlap; let one end earlier")
        changes.append((start, text))
        if stop < len(sequence) and (index + 1 == len(ranges) or ranges[index + 1][0] > stop):
            changes.append((stop, whole or ""))
    return Prompts(whole or "", tuple(changes))


def read_prompt_file(path: str | Path) -> list[str]:
    """Prompts from a text file (UTF-8), one a line as for `read_prompts`; empty lines and lines that begin with # are
    left out. Raises InputError if it cannot be read."""
    try:
        lines = Path(path).read_text(encoding="utf-8-sig").splitlines()
    except FileNotFoundError:
        raise InputError(f"prompt file not found: {path}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"the prompt file {path} cannot be read as text ({error})") from error
    return [line.strip() for line in lines if line.strip() and not line.lstrip().startswith("#")]


def describe_prompts(
    prompts: Prompts, segments: Sequence[Segment], numbers: Sequence[int], model: WindowModel
) -> list[str]:
    """What becomes of prompts per range: a window has one prompt, that of the middle of the frames it gives.

    Sentences for the user; none if one prompt holds for the whole shot, or if the model has no use for prompts.
    """
    if not prompts.changes or "prompt" in getattr(model, "ignored", ()):
        return []
    used: list[tuple[int, int, str]] = []
    for segment in segments:
        text = prompts.at(segment.prompt_frame)
        if used and used[-1][2] == text:
            used[-1] = (used[-1][0], segment.keep_stop, text)
        else:
            used.append((segment.keep_start, segment.keep_stop, text))
    parts = [f"{numbers[start]}-{numbers[stop - 1]} {_short(text)}" for start, stop, text in used]
    notes = [f"prompts change with the window, so by frame: {'; '.join(parts)}"]
    heard = {prompts.whole, *(text for _, _, text in used)}
    lost = [text for _, text in prompts.changes if text not in heard]
    if lost:
        notes.append(f"not used, as no window has its middle in those frames: {', '.join(map(_short, lost))}")
    return notes


def _short(text: str) -> str:
    if not text:
        return "no prompt"
    return f'"{text}"' if len(text) <= 40 else f'"{text[:37]}..."'
