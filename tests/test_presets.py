"""Models by name: what is found, and what is said when it is not there."""

import numpy as np
import pytest

from longanimation.errors import InputError
from longanimation.model_options import ModelOptions
from longanimation.presets import find_model, is_diffusion_model, load_window_model, presets


def test_5b_is_where_weights_fetch_puts_it(tmp_path, monkeypatch):
    monkeypatch.setenv("LONGANIMATION_WEIGHTS", str(tmp_path))
    assert presets()["5b"].folder == tmp_path / "5b" and not presets()["5b"].installed
    with pytest.raises(InputError, match=r"not fetched yet .*; run: longanimation weights fetch 5b \(about 40 GB\)"):
        find_model("5b")
    (tmp_path / "5b" / "CogVideoX1.5-5B-I2V" / "transformer").mkdir(parents=True)
    with pytest.raises(InputError, match=r"not whole .* lacks transformer, .*, memory_encoder\); run: .* fetch 5b"):
        find_model("5b")


def test_a_name_means_the_preset_whatever_folders_are_here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("mini", "tiny"):
        (tmp_path / name).mkdir()
    assert find_model("mini").is_dir() and is_diffusion_model(find_model("tiny"))
    with pytest.raises(InputError, match="is not a model folder"):
        find_model("./mini")


def test_memory_can_be_switched_off_in_mini_too():
    assert load_window_model("mini").settings.history
    assert not load_window_model("mini", options=ModelOptions(memory=False)).settings.history


def test_the_networks_of_mini_have_a_memory_for_those_who_ask():
    plain, remembering = (
        load_window_model("mini", finish="none", options=ModelOptions(memory=memory)) for memory in (None, True)
    )
    assert plain.pipeline.new_history() is None
    history = remembering.pipeline.new_history()
    history.append(np.zeros((2, 112, 112, 3), np.uint8))
    whole, recent = history.read()
    assert whole.shape[:2] == recent.shape[:2] == (1, 2)
    assert remembering.pipeline.memory.proj_out.abs().max() > 0.001, "it was trained"
