"""Windows that several real processes denoise together equal those of one process."""

import dataclasses
import functools
import itertools

import numpy as np
import pytest
import torch
from processes import exit_codes, start_processes

from longanimation.errors import InputError
from longanimation.parallel import choose_layout, help_the_leader, joined, share_pipeline
from longanimation.parallel.messages import Exit
from longanimation.pipeline import LongAnimationPipeline

TOLERANCE = 2e-5
"""For latents up to 3: halves in one batch or alone, tokens whole or in slices, sum in other orders."""

SETTINGS = {"guidance_stop": 0.67, "control_ahead": True}
"""Two steps with and one without the negative half; the commonest settings are in test_torchrun.py."""


class Stopped(Exception):
    pass


def stop(*_):
    raise Stopped


def tiny():
    pipeline = LongAnimationPipeline.from_pretrained("tiny")
    loop = dataclasses.replace(pipeline.settings.denoising, **SETTINGS)
    pipeline.settings = dataclasses.replace(pipeline.settings, denoising=loop)
    return pipeline


def two_windows(pipeline, size=(44, 60)):
    """Latents and frames of two windows; the second has memory and fusion, and is begun twice because of a stop."""
    random = np.random.default_rng(0)
    lines = [np.where(random.random(size) < 0.1, 0, 255).astype(np.uint8) for _ in range(17)]
    picture = random.integers(0, 255, (*size, 3)).astype(np.uint8)
    window = functools.partial(pipeline, lines, picture, "sea", reference_lines=lines[0])
    first = window()
    yield first.latents, first.frames
    history = pipeline.new_history()
    history.append(first.frames)
    with pytest.raises(Stopped):
        window(previous_tail=first.tail, history=history, on_step=stop)
    second = window(previous_tail=first.tail, history=history)
    yield second.latents, second.frames


@pytest.fixture(scope="module")
def alone():
    return list(two_windows(tiny()))


def member(modes, count, path):
    """One process of the team: in the leading one, one mode after the other."""
    with joined() as team:
        if not team.leads:
            return help_the_leader(team)
        results = {}
        for mode in modes:
            pipeline, work = tiny(), set()
            first_block = pipeline.transformer.transformer_blocks[0].norm1
            first_block.register_forward_hook(lambda _, tokens, __, work=work: work.add(tuple(tokens[0].shape[:2])))
            share_pipeline(team, pipeline, "tiny", mode)
            results[mode] = list(itertools.islice(two_windows(pipeline), count)), work
        if "ulysses" in modes:
            with pytest.raises(InputError, match="equal slices"):
                next(two_windows(pipeline, size=(48, 48)))  # 27 tokens
        torch.save(results, path)
        team.tell(Exit(7))
        return 7


@pytest.mark.parametrize(
    "size, count, work",
    [(2, 2, {"guidance": {(1, 36)}, "ulysses": {(2, 18), (1, 18)}}), (4, 1, {"auto": {(1, 18)}})],
    ids=["two processes", "four processes"],
)
def test_shared_windows_equal_those_of_one_process(tmp_path, alone, size, count, work):
    """count: of windows. work: (batch, tokens) that the leading process computes; alone it is (2, 36) and (1, 36)."""
    said = tmp_path / "said.txt"
    processes = start_processes(size, said, member, list(work), count, tmp_path / "results.pt")
    assert exit_codes(processes) == [7] * size, said.read_text()
    for mode, (windows, shapes) in torch.load(tmp_path / "results.pt", weights_only=False).items():
        assert shapes == work[mode]
        for (latents, frames), (want_latents, want_frames) in zip(windows, alone[:count], strict=True):
            distance = (latents - want_latents).abs().max().item()
            assert distance < TOLERANCE, f"{mode}: {distance}"
            assert np.abs(frames.astype(int) - want_frames).max() <= 1


def failing_member():
    with joined() as team:
        if not team.leads:
            return help_the_leader(team)
        pipeline = tiny()
        share_pipeline(team, pipeline, "tiny")
        pipeline.transformer.transformer_blocks[1].register_forward_hook(stop)
        next(two_windows(pipeline))


def test_an_error_inside_a_step_ends_all_processes(tmp_path):
    processes = start_processes(2, tmp_path / "said.txt", failing_member)
    assert exit_codes(processes, seconds=60) == [1, 1]
    said = (tmp_path / "said.txt").read_text()
    assert "Stopped" in said and "process 1 lost the others" in said


def test_auto_prefers_guidance_halves_and_impossible_layouts_are_refused():
    def layout(mode, processes, guided=True, heads=48):
        found = choose_layout(mode, processes, guided=guided, heads=heads)
        return found.guidance, found.slices

    assert [layout("auto", count) for count in (2, 3, 4, 8)] == [(2, 1), (1, 3), (2, 2), (2, 4)]
    assert [layout("ulysses", count) for count in (2, 4)] == [(1, 2), (1, 4)]
    assert layout("auto", 2, guided=False) == (1, 2)
    for mode, processes, guided, words in [
        ("guidance", 3, True, "even number"),
        ("guidance", 2, False, "no guidance to share"),
        ("ulysses", 5, True, "use 2, 3, 4, 6"),
        ("both", 2, True, "one of auto"),
    ]:
        with pytest.raises(InputError, match=words):
            layout(mode, processes, guided)
