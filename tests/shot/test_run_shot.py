import json

import pytest
from running_mix import RunningMix
from tiny_shots import drawing, folder_bytes, make_reference, make_shot, opened

from longanimation.errors import InputError
from longanimation.media import encode_png, read_image
from longanimation.shot import Interrupted, ShotSettings, run_shot

SETTINGS = ShotSettings("drawn")


@pytest.fixture
def reference(tmp_path):
    return make_reference(tmp_path / "ref.png")


def colour(folder, reference, output, *, model=None, settings=SETTINGS, **options):
    return run_shot(*opened(folder, reference), model or RunningMix(), output, settings, **options)


def stop_at(frame):
    def progress(phase, done, total):
        if phase == "colour" and done == frame:
            raise Interrupted

    return progress


@pytest.mark.parametrize("model", [RunningMix(5), RunningMix(5, 2, reuse_identical=False)])
@pytest.mark.parametrize("count", [1, 5, 7, 14])
def test_as_many_frames_come_out_with_the_same_numbers_and_size(tmp_path, reference, count, model):
    shot = make_shot(tmp_path / "in", count, first=37)
    report = colour(shot, reference, tmp_path / "out", model=model)
    names = sorted(p.name for p in (tmp_path / "out").glob("*.png"))
    assert names == [f"cut_{37 + k:04d}.png" for k in range(count)]
    assert {read_image(p).shape for p in (tmp_path / "out").glob("*.png")} == {(24, 32, 3)}
    assert report.frames == count and report.coloured == count


@pytest.mark.parametrize("model", [RunningMix(5), RunningMix(5, 2, reuse_identical=False)])
@pytest.mark.parametrize("frame", [1, 4, 5, 6, 13, 22])
def test_a_stopped_shot_resumes_to_identical_bytes(tmp_path, reference, frame, model):
    shot = make_shot(tmp_path / "in", 23, hold=2)
    colour(shot, reference, tmp_path / "whole", model=model)
    with pytest.raises(Interrupted):
        colour(shot, reference, tmp_path / "out", model=model, on_progress=stop_at(frame))
    report = colour(shot, reference, tmp_path / "out", model=model, resume=True)
    assert folder_bytes(tmp_path / "out") == folder_bytes(tmp_path / "whole")
    kept = [s.keep_stop for s in _segments(model, 23) if s.keep_stop < frame]
    assert report.resumed_from == max(kept, default=0)


def _segments(model, count):
    from longanimation.shot.stream import plan_for

    return plan_for(model, count)


def test_a_repeated_frame_of_an_earlier_window_is_repeated_after_resuming_too(tmp_path, reference):
    shot = make_shot(tmp_path / "in", 9)
    (shot / "cut_0008.png").write_bytes(encode_png(drawing(1)))
    model = RunningMix(3)
    with pytest.raises(Interrupted):
        colour(shot, reference, tmp_path / "out", on_progress=stop_at(8), model=model)
    report = colour(shot, reference, tmp_path / "out", resume=True, model=model)
    assert report.coloured == 2
    out = tmp_path / "out"
    assert (out / "cut_0008.png").read_bytes() == (out / "cut_0001.png").read_bytes()


def test_resume_with_nothing_to_resume_begins(tmp_path, reference):
    shot = make_shot(tmp_path / "in", 3)
    report = colour(shot, reference, tmp_path / "out", resume=True)
    assert report.resumed_from == 0 and report.coloured == 3


@pytest.mark.parametrize("name", ["out", "out.mp4"])
def test_resuming_a_finished_shot_changes_nothing(tmp_path, reference, name):
    shot = make_shot(tmp_path / "in", 6)
    colour(shot, reference, tmp_path / name)
    before = folder_bytes(tmp_path)
    report = colour(shot, reference, tmp_path / name, resume=True)
    assert report.already_finished and report.coloured == 0
    assert folder_bytes(tmp_path) == before


@pytest.mark.parametrize("finished", [False, True])
@pytest.mark.parametrize("name", ["out", "out.mp4"])
@pytest.mark.parametrize(
    "change,named",
    [
        (dict(settings=ShotSettings("drawn", seed=1)), "seed (0 before, 1 now)"),
        (dict(settings=ShotSettings("drawn", prompt="a beach")), "prompt"),
        (dict(settings=ShotSettings("extract")), "lines"),
        (dict(model=RunningMix(weight=0.25)), "model weight (0.5 before, 0.25 now)"),
        (dict(model=RunningMix(window=4)), "model window"),
    ],
)
def test_resuming_with_other_settings_is_refused_and_named(tmp_path, reference, change, named, name, finished):
    shot = make_shot(tmp_path / "in", 9)
    begin(shot, reference, tmp_path / name, finished)
    with pytest.raises(InputError) as error:
        colour(shot, reference, tmp_path / name, resume=True, **change)
    assert named in str(error.value) and "\n" not in str(error.value)


@pytest.mark.parametrize("finished", [False, True])
def test_resuming_with_another_frame_or_reference_is_refused_and_named(tmp_path, reference, finished):
    shot = make_shot(tmp_path / "in", 9)
    begin(shot, reference, tmp_path / "out", finished)
    original = (shot / "cut_0007.png").read_bytes()
    (shot / "cut_0007.png").write_bytes(encode_png(drawing(99)))
    with pytest.raises(InputError, match="cut_0007.png"):
        colour(shot, reference, tmp_path / "out", resume=True)
    (shot / "cut_0007.png").write_bytes(original)
    (shot / "cut_0009.png").write_bytes(original)
    with pytest.raises(InputError, match="set of frames .9 before, 10 now"):
        colour(shot, reference, tmp_path / "out", resume=True)
    (shot / "cut_0009.png").unlink()
    make_reference(reference, color=(1, 2, 3))
    with pytest.raises(InputError, match="reference ref.png"):
        colour(shot, reference, tmp_path / "out", resume=True)
    make_reference(reference)
    assert colour(shot, reference, tmp_path / "out", resume=True).frames == 9


def begin(shot, reference, output, finished):
    if finished:
        colour(shot, reference, output)
        return
    with pytest.raises(Interrupted):
        colour(shot, reference, output, on_progress=stop_at(7))


def test_a_moved_shot_is_still_the_same_shot(tmp_path, reference):
    shot = make_shot(tmp_path / "in", 9)
    begin(shot, reference, tmp_path / "out", finished=False)
    shot.rename(tmp_path / "elsewhere")
    (tmp_path / "out").rename(tmp_path / "result")
    assert colour(tmp_path / "elsewhere", reference, tmp_path / "result", resume=True).resumed_from == 5


@pytest.mark.parametrize("finished", [False, True])
def test_an_output_with_a_shot_in_it_is_only_replaced_when_asked(tmp_path, reference, finished):
    shot = make_shot(tmp_path / "in", 9)
    begin(shot, reference, tmp_path / "out", finished)
    other = make_shot(tmp_path / "other", 3, first=500)
    before = folder_bytes(tmp_path / "out")
    with pytest.raises(InputError, match="--overwrite"):
        colour(other, reference, tmp_path / "out")
    assert folder_bytes(tmp_path / "out") == before
    colour(other, reference, tmp_path / "out", overwrite=True)
    assert sorted(p.name for p in (tmp_path / "out").glob("*.png")) == [f"cut_{n:04d}.png" for n in (500, 501, 502)]


def test_pictures_of_unknown_origin_are_never_mixed_with_the_shot_or_removed(tmp_path, reference):
    shot = make_shot(tmp_path / "in", 3)
    out = tmp_path / "out"
    out.mkdir()
    make_reference(out / "holiday.png")
    for options in ({}, {"resume": True}, {"overwrite": True}):
        with pytest.raises(InputError, match="holiday.png|other pictures"):
            colour(shot, reference, out, **options)
    assert list(folder_bytes(out)) == ["holiday.png"]


def test_a_removed_result_is_made_again_on_resume(tmp_path, reference):
    shot = make_shot(tmp_path / "in", 23)
    colour(shot, reference, tmp_path / "whole")
    begin(shot, reference, tmp_path / "out", finished=False)
    (tmp_path / "out" / "cut_0002.png").unlink()
    report = colour(shot, reference, tmp_path / "out", resume=True)
    assert folder_bytes(tmp_path / "out") == folder_bytes(tmp_path / "whole")
    assert "cut_0002.png was removed" in report.notes[0]


def test_what_a_killed_run_left_half_written_is_gone_after_resuming(tmp_path, reference):
    shot = make_shot(tmp_path / "in", 9)
    colour(shot, reference, tmp_path / "whole")
    begin(shot, reference, tmp_path / "out", finished=False)
    from longanimation.media.atomic import temporary_name

    for path in (tmp_path / "out" / "cut_0003.png", tmp_path / "out" / ".longanimation" / "checkpoint.json"):
        temporary_name(path).write_bytes(b"half")
    colour(shot, reference, tmp_path / "out", resume=True)
    assert folder_bytes(tmp_path / "out") == folder_bytes(tmp_path / "whole")


def test_a_damaged_checkpoint_is_said_to_be_damaged(tmp_path, reference):
    shot = make_shot(tmp_path / "in", 9)
    begin(shot, reference, tmp_path / "out", finished=False)
    next((tmp_path / "out" / ".longanimation").glob("state_*")).write_bytes(b"nonsense")
    with pytest.raises(InputError, match="damaged"):
        colour(shot, reference, tmp_path / "out", resume=True)


def test_an_unreadable_frame_is_found_before_anything_is_written(tmp_path, reference):
    shot = make_shot(tmp_path / "in", 40)
    path = shot / "cut_0037.png"
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(InputError, match="frame 37 cannot be read"):
        colour(shot, reference, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_two_runs_cannot_write_one_output(tmp_path, reference):
    shot = make_shot(tmp_path / "in", 9)
    errors = []

    def second_run(phase, done, total):
        if done == 3:
            with pytest.raises(InputError, match="another run is writing") as error:
                colour(shot, reference, tmp_path / "out", resume=True)
            errors.append(error)

    colour(shot, reference, tmp_path / "out", on_progress=second_run)
    assert len(errors) == 1
    assert len(list((tmp_path / "out").glob("*.png"))) == 9


def test_a_video_result_has_all_frames_and_leaves_nothing_beside_it(tmp_path, reference):
    from longanimation.media import open_sequence

    shot = make_shot(tmp_path / "in", 14)
    colour(shot, reference, tmp_path / "result.mp4", settings=ShotSettings("drawn", fps=12))
    video = open_sequence(tmp_path / "result.mp4")
    assert (len(video), video.fps, video.height, video.width) == (14, 12, 24, 32)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["in", "ref.png", "result.mp4"]


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
@pytest.mark.parametrize("phase,frame", [("colour", 7), ("encode", 5)])
def test_a_stopped_video_resumes_to_identical_bytes(tmp_path, reference, phase, frame, suffix):
    shot = make_shot(tmp_path / "in", 14)
    colour(shot, reference, tmp_path / f"whole{suffix}")

    def stop(now, done, total):
        if (now, done) == (phase, frame):
            raise Interrupted

    out = tmp_path / f"out{suffix}"
    with pytest.raises(Interrupted):
        colour(shot, reference, out, on_progress=stop)
    assert not out.exists()
    colour(shot, reference, out, resume=True)
    assert out.read_bytes() == (tmp_path / f"whole{suffix}").read_bytes()


def test_a_video_made_elsewhere_is_kept_unless_overwriting(tmp_path, reference):
    shot = make_shot(tmp_path / "in", 3)
    out = tmp_path / "out.mp4"
    out.write_bytes(b"somebody's film")
    with pytest.raises(InputError, match="exists already"):
        colour(shot, reference, out, resume=True)
    assert out.read_bytes() == b"somebody's film"
    colour(shot, reference, out, overwrite=True)
    assert len(out.read_bytes()) > 500


def test_a_finished_part_of_a_window_is_not_computed_twice(tmp_path, reference):
    class TwoSteps(RunningMix):
        """Samples, saves what it sampled, then decodes; decoding fails the first time."""

        sampled, broken = 0, False

        def use_hooks(self, hooks):
            self.hooks = hooks

        def colour(self, drawings, state, *, segment):
            import torch

            latents = self.hooks.load()
            if latents is None:
                self.sampled += 1
                frames, state = super().colour(drawings, state, segment=segment)
                latents = {f"frame.{k}": torch.from_numpy(f) for k, f in enumerate(frames)} | state
                self.hooks.save(latents)
            if self.broken and segment.index == 1:
                raise MemoryError("decoding")
            return [latents[f"frame.{k}"].numpy() for k in range(len(drawings))], {
                k: v for k, v in latents.items() if not k.startswith("frame.")
            }

    shot = make_shot(tmp_path / "in", 14)
    colour(shot, reference, tmp_path / "whole")
    failing, mended = TwoSteps(), TwoSteps()
    failing.broken = True
    with pytest.raises(MemoryError):
        colour(shot, reference, tmp_path / "out", model=failing)
    colour(shot, reference, tmp_path / "out", model=mended, resume=True)
    assert (failing.sampled, mended.sampled) == (2, 1)
    assert folder_bytes(tmp_path / "out") == folder_bytes(tmp_path / "whole")


def test_a_finished_folder_holds_frames_and_one_small_record(tmp_path, reference):
    shot = make_shot(tmp_path / "in", 3)
    colour(shot, reference, tmp_path / "out")
    inside = list((tmp_path / "out" / ".longanimation").iterdir())
    assert [p.name for p in inside] == ["shot.json"]
    assert json.loads(inside[0].read_text())["finished"] is True
