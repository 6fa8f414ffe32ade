"""`longanimation weights fetch | check | convert | fit` on tiny folders and a hub on this machine."""

import json

import pytest
from small_hub import SmallHub

from longanimation.cli.weights import app
from longanimation.errors import InputError
from longanimation.weights import sources
from longanimation.weights.sources import Source


def run(*arguments):
    code = app([str(argument) for argument in arguments], standalone_mode=False)
    return code if isinstance(code, int) else 0


def test_check_says_all_is_well(root, capsys):
    assert run("check", root) == 0
    out, err = capsys.readouterr()
    assert "ok    memory_encoder" in out and "WRONG" not in out and "all is well" in err
    assert run("check", root, "--json", "--quiet", "--values") == 0
    content = json.loads(capsys.readouterr().out)
    assert content["ok"] and content["layout"] == "published" and len(content["parts"]) == 9


def test_check_names_what_is_wrong_and_exits_with_2(root, tmp_path, capsys):
    (tmp_path / "base").symlink_to(root / "CogVideoX1.5-5B-I2V")
    (tmp_path / "Video_XL").symlink_to(root / "Video_XL")
    assert run("check", tmp_path) == 2
    out, err = capsys.readouterr()
    assert "WRONG sketch_dit" in out and "WRONG memory " in out and "2 things are wrong" in err
    with pytest.raises(InputError, match="has no part of a model"):
        (tmp_path / "empty").mkdir()
        run("check", tmp_path / "empty")


def test_a_model_that_is_not_fetched_is_said_so(tmp_path, monkeypatch):
    monkeypatch.setenv("LONGANIMATION_WEIGHTS", str(tmp_path))
    with pytest.raises(InputError, match="not fetched yet .* longanimation weights fetch 5b"):
        run("check", "5b")


def test_convert_there_and_back(root, tmp_path, capsys):
    assert run("convert", root, tmp_path / "ours", "--quiet") == 0
    assert run("check", tmp_path / "ours", "--json", "--quiet") == 0
    assert json.loads(capsys.readouterr().out)["layout"] == "own"
    assert run("convert", tmp_path / "ours", tmp_path / "back", "--to", "published", "--dtype", "fp32", "--quiet") == 0
    assert sorted(path.name for path in (tmp_path / "back").iterdir()) == [
        "control_module.safetensors",
        "glm_module.safetensors",
    ]


def test_fit_shows_every_placement_and_refuses_what_is_too_large(root, capsys):
    assert run("fit", root, "--height", "64", "--width", "96", "--vram", "12", "--json", "--quiet") == 0
    content = json.loads(capsys.readouterr().out)
    assert content["chosen"] == "resident" and len(content["placements"]) == 5
    assert run("fit", root, "--height", "64", "--width", "96") == 0
    assert "GPU of 12 GB: resident" in capsys.readouterr().out
    with pytest.raises(InputError, match="choose a smaller size"):
        run("fit", root, "--height", "4096", "--width", "4096", "--vram", "0.7")


def test_fetch_brings_the_releases_and_checks_them(root, tmp_path, monkeypatch, capsys):
    def repository(folder):
        return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}

    lines = {"sk_model.pth": (root / "sk_model.pth").read_bytes()}
    base = repository(root / "CogVideoX1.5-5B-I2V")
    hub = SmallHub({"a/base": base, "a/control": repository(root / "longanimation"), "a/lines": lines})
    everything = ("*.json", "*.safetensors", "*.model", "*.pth")
    small = [Source(repo.removeprefix("a/"), repo, repo[2:], 0, "free", everything) for repo in hub.repos]
    monkeypatch.setitem(sources.MODELS, "5b", tuple(small))
    monkeypatch.setenv("HF_ENDPOINT", hub.endpoint)
    monkeypatch.setenv("LONGANIMATION_WEIGHTS", str(tmp_path))
    try:
        assert run("fetch", "5b", "--only", "lines", "--quiet", "--json") == 0
        assert [part["part"] for part in json.loads(capsys.readouterr().out)["parts"]] == ["line_network"]
        assert run("fetch", "5b", "--quiet", "--json") == 2  # this hub has no Video-XL
        content = json.loads(capsys.readouterr().out)
    finally:
        hub.close()
    assert content["missing"] == ["memory_encoder"] and content["folder"] == str(tmp_path / "5b")
    assert len(content["parts"]) == 8 and all(part["ok"] for part in content["parts"])


def test_unknown_names_are_one_line(tmp_path):
    with pytest.raises(InputError, match="unknown weights '7b'; known are 5b"):
        run("fetch", "7b")
    with pytest.raises(InputError, match="no release 'vae'; it has base, longanimation, video_xl, lines"):
        run("fetch", "5b", "--only", "vae")
    with pytest.raises(InputError, match="no model folder at"):
        run("check", tmp_path / "nowhere")
