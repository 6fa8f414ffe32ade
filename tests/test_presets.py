"""Models by name: what is found, and what is said when it is not there."""

import pytest

from longanimation.errors import InputError
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
    from longanimation.model_options import ModelOptions

    assert load_window_model("mini").settings.history
    assert not load_window_model("mini", options=ModelOptions(memory=False)).settings.history
