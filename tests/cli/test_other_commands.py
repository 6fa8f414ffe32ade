import json

import pytest

from longanimation.cli import main
from longanimation.cli.report import Report, duration


@pytest.fixture
def drawn(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    size = ["--height", "48", "--width", "80"]
    assert main(["data", "synth", "-o", "set", "--clips", "2", "--frames", "2", "--seed", "5", "--quiet", *size]) == 0
    return tmp_path / "set"


def test_data_synth_writes_shots_with_their_truth(drawn):
    scenes = [json.loads((drawn / name / "scene.json").read_text()) for name in ("00000", "00001")]
    assert [(scene["seed"], scene["frames"], scene["size"]) for scene in scenes] == [(5, 2, [48, 80]), (6, 2, [48, 80])]
    assert len(list((drawn / "00001" / "labels").glob("*.png"))) == 2


def test_evaluate_finds_the_truth_to_be_right_and_another_shot_to_be_wrong(drawn, capsys):
    truth, other, lines = (str(drawn / part) for part in ("00000/colour", "00001/colour", "00000/lines"))
    assert main(["evaluate", truth, truth, "--lines", lines, "--json", "--quiet"]) == 0
    right = json.loads(capsys.readouterr().out)
    assert main(["evaluate", other, truth, "--lines", lines, "--json", "--quiet", "-o", "scores.json"]) == 0
    wrong = json.loads(capsys.readouterr().out)
    assert right["right"] == 1 and right["color_error"] == 0
    assert wrong["right"] < 1 and wrong["color_error"] > 0.5
    assert json.loads((drawn.parent / "scores.json").read_text())["color_error"] == wrong["color_error"]


@pytest.mark.parametrize("arguments", [["benchmark", "no-such-set"], ["evaluate", "nowhere", "nowhere"]])
def test_bad_names_are_one_line(arguments, capsys):
    assert main(arguments) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_progress_without_a_terminal_is_a_line_now_and_then_with_the_time_left(capsys, monkeypatch):
    now = [0.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    report = Report()
    for done in range(101):
        report.progress("colour", done, 100)
        now[0] += 1.5
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "colour: 7/100 frames, 1.50 s each, 2 min 20 s left"
    assert lines[-1].startswith("colour: 100/100") and len(lines) < 20


@pytest.mark.parametrize("seconds,words", [(4.4, "4 s"), (200, "3 min 20 s"), (7500, "2 h 5 min")])
def test_durations_in_words(seconds, words):
    assert duration(seconds) == words
