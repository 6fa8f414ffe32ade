import json
import os
import signal

import cv2
import numpy as np
import pytest

from longanimation.evaluation.demo import run_demo
from longanimation.evaluation.picture import write_picture
from longanimation.media import open_sequence
from longanimation.models import CorrespondenceMemory
from longanimation.pipeline.correspondence import CorrespondenceSettings, CorrespondenceWindow
from longanimation.shot import Interrupted

FRAMES, SIZE = 9, (72, 128)


@pytest.fixture(scope="module")
def model():
    memory = CorrespondenceMemory(channels=(4, 8, 8, 12), layers=(1, 1, 1), num_heads=2, key_dim=8).eval()
    return CorrespondenceWindow(memory, CorrespondenceSettings(window=8))


def demo(folder, model, **options):
    return run_demo(folder, frames=FRAMES, size=SIZE, model=model, say=lambda sentence: None, **options)


@pytest.fixture(scope="module")
def finished(model, tmp_path_factory):
    folder = tmp_path_factory.mktemp("demo")
    return folder, demo(folder, model)


def test_the_demo_leaves_frames_a_video_a_sheet_a_plot_and_its_figures(finished):
    folder, result = finished
    assert len(open_sequence(folder / "coloured")) == len(open_sequence(folder / "coloured.mp4")) == FRAMES
    assert len(open_sequence(folder / "lines")) == FRAMES
    for name in ("contact_sheet.png", "picture.png", "color_error.png"):
        assert cv2.imread(str(folder / name)) is not None
    stored = json.loads((folder / "report.json").read_text())
    assert stored["right"] == result.report.right
    assert len(stored["per_frame"]) == FRAMES
    assert len(result.moments) == 6
    assert result.peak_memory is None or result.peak_memory > 10**7


def test_the_figures_are_said_in_words(finished):
    text = "\n".join(finished[1].sentences())
    for word in ("pixels right", "segment accuracy", "drift", "s a frame"):
        assert word in text


def test_an_interrupted_demo_goes_on_and_ends_with_the_same_frames(finished, model, tmp_path):
    seen = []

    def interrupt(phase, done, total):
        if phase == "colour" and done == FRAMES - 1:
            os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(Interrupted):
        demo(tmp_path, model, progress=interrupt)
    assert not (tmp_path / "report.json").exists()
    drawn = (tmp_path / "lines" / "lines_0000.png").stat().st_mtime_ns
    demo(tmp_path, model, progress=lambda phase, done, total: seen.append((phase, done)))
    assert (tmp_path / "lines" / "lines_0000.png").stat().st_mtime_ns == drawn
    assert ("colour", 1) not in seen
    for path in (finished[0] / "coloured").glob("*.png"):
        assert path.read_bytes() == (tmp_path / "coloured" / path.name).read_bytes()
    assert (finished[0] / "coloured.mp4").read_bytes() == (tmp_path / "coloured.mp4").read_bytes()


def test_a_model_that_paints_backgrounds_shows_a_painted_shot_too(tmp_path):
    said = []
    result = run_demo(tmp_path, frames=FRAMES, size=SIZE, model="mini", say=said.append)
    assert result.painted is not None and "painted shot: PSNR" in "\n".join(said)
    stored = json.loads((tmp_path / "painted" / "report.json").read_text())
    assert stored["psnr"] == result.painted.psnr and len(stored["per_frame"]) == FRAMES
    colours = open_sequence(tmp_path / "painted" / "coloured")[FRAMES - 1]
    assert len(np.unique(colours.reshape(-1, colours.shape[-1]), axis=0)) > 500  # soft, not a palette


def test_the_readme_picture_shrinks_until_it_fits(tmp_path):
    generator = np.random.default_rng(0)
    noisy = [generator.integers(0, 256, (90, 160, 3), dtype=np.uint8) for _ in range(6)]
    write_picture(tmp_path / "picture.png", noisy[:2], noisy, noisy, width=700, max_bytes=60_000)
    assert (tmp_path / "picture.png").stat().st_size <= 60_000
    picture = cv2.imread(str(tmp_path / "picture.png"))
    assert picture.shape[1] > 2 * picture.shape[0]
