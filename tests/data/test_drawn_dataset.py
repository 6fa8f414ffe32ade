"""Drawn shots as files."""

import json

import cv2
import numpy as np
import pytest

from longanimation.data.synth import Scene, write_dataset, write_scene
from longanimation.errors import InputError

SETTINGS = {"frames": 3, "size": (36, 64), "split": "test", "seed": 7}


def test_a_scene_is_written_as_pictures_that_read_back_as_its_truth(tmp_path):
    scene = Scene.random(7, split="test", frames=3, size=(36, 64))
    write_scene(tmp_path, scene)
    drawn = scene.render(2)
    assert np.array_equal(cv2.imread(str(tmp_path / "lines/0002.png"), cv2.IMREAD_UNCHANGED), drawn.lines)
    assert np.array_equal(cv2.imread(str(tmp_path / "labels/0002.png"), cv2.IMREAD_UNCHANGED), drawn.labels)
    assert np.array_equal(cv2.imread(str(tmp_path / "parts/0002.png"), cv2.IMREAD_UNCHANGED), drawn.parts)
    ink = cv2.cvtColor(cv2.imread(str(tmp_path / "ink/0002.png"), cv2.IMREAD_UNCHANGED), cv2.COLOR_BGRA2RGBA)
    assert np.array_equal(ink, drawn.ink)
    assert np.array_equal(cv2.imread(str(tmp_path / "colour/0002.png"))[..., ::-1], scene.painted(drawn))
    told = json.loads((tmp_path / "scene.json").read_text())
    assert np.array_equal(told["palette"], scene.palette)
    assert [(r["kind"], r["frame"]) for r in told["references"]] == [(r.kind, r.frame) for r in scene.references]
    assert np.array_equal(
        cv2.imread(str(tmp_path / told["references"][0]["image"]))[..., ::-1], scene.references[0].image
    )


def test_the_same_settings_give_the_same_files_whatever_was_there(tmp_path):
    seen = []
    write_dataset(tmp_path / "a", clips=2, **SETTINGS, progress=lambda done, every: seen.append((done, every)))
    assert seen == [(1, 2), (2, 2)]
    write_dataset(tmp_path / "b", clips=1, **SETTINGS)
    write_dataset(tmp_path / "b", clips=2, **SETTINGS)  # goes on where it stopped
    files = sorted(p.relative_to(tmp_path / "a") for p in (tmp_path / "a").rglob("*") if p.is_file())
    assert len(files) > 30
    for name in files:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_other_settings_and_foreign_folders_are_refused(tmp_path):
    write_dataset(tmp_path / "a", clips=1, **SETTINGS)
    with pytest.raises(InputError, match="other settings"):
        write_dataset(tmp_path / "a", clips=1, **SETTINGS | {"seed": 8})
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "holiday.png").write_bytes(b"")
    with pytest.raises(InputError, match="not empty"):
        write_dataset(tmp_path / "b", clips=1, **SETTINGS)
    with pytest.raises(InputError, match="clips is 0"):
        write_dataset(tmp_path / "c", clips=0, **SETTINGS)
