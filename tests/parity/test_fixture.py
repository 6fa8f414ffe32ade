"""The fixture reader itself."""

import json

import fixture
import pytest
import torch
from torch import nn

KINDS = {
    "controlled_transformer",
    "fusion",
    "glm",
    "line_preprocess",
    "pipeline_two_segments",
    "scheduler",
    "segments",
    "sketch_dit",
    "videoxl",
}
"""Every kind that a test of this folder runs. A folder of one's own may have some of them; the others are skipped."""


class Small(nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(3, 2)
        self.norm = nn.LayerNorm(2)


def recipe_of(module, seed=5):
    keys = {}
    for key, value in module.state_dict().items():
        array = fixture.drawn(key, value.shape, seed)
        keys[key] = {"shape": list(value.shape), "probe": [float(array.reshape(-1)[0]), float(array.sum())]}
    return {"seed": seed, "gain": 1.0, "keys": keys}


def test_fill_gives_the_recorded_numbers_and_refuses_other_keys():
    recipe = recipe_of(Small())
    model = fixture.fill(Small(), recipe)
    assert float(model.norm.weight.detach().mean()) == pytest.approx(1.0, abs=0.3)
    want = torch.from_numpy(fixture.drawn("linear.weight", (2, 3), 5))
    assert torch.allclose(model.linear.weight.double(), want)
    with pytest.raises(AssertionError, match="lacks"):
        fixture.fill(nn.Linear(3, 2), recipe)
    recipe["keys"]["norm.bias"]["probe"][0] += 1
    with pytest.raises(AssertionError, match="norm.bias"):
        fixture.fill(Small(), recipe)


def test_compare_fails_on_one_wrong_element_and_on_not_a_number():
    want = torch.zeros(10)
    tolerance = {"atol": 1e-3, "rtol": 0.0}
    assert fixture.compare("self", want + 5e-4, want, tolerance) == pytest.approx(5e-4, rel=1e-3)
    wrong = want.clone()
    wrong[3] = 1.0
    for bad in (wrong, torch.full((10,), float("nan")), want[:9]):
        with pytest.raises(AssertionError):
            fixture.compare("self", bad, want, tolerance)
    del fixture.distances["self"]


def test_fixtures_are_found_by_their_kind_in_the_folder_named_by_the_environment(tmp_path, monkeypatch):
    (tmp_path / "x.json").write_text(json.dumps({"kind": "glm", "cases": [{"case": "a", "config": {"dim": 1}}]}))
    (tmp_path / "y.json").write_text(json.dumps({"kind": "fusion", "rows": []}))
    monkeypatch.setenv("LONGANIMATION_PARITY_DIR", str(tmp_path))
    assert [f.name for f in fixture.find("glm")] == ["x"]
    assert [(c.name, c.config) for c in fixture.find_cases("glm")] == [("x/a", {"dim": 1})]


def test_the_fixtures_that_come_with_the_tests_are_of_every_kind(monkeypatch):
    monkeypatch.delenv("LONGANIMATION_PARITY_DIR", raising=False)
    assert {json.loads(path.read_text())["kind"] for path in fixture.folder().glob("*.json")} == KINDS
    assert all(fixture.find_cases(kind) for kind in KINDS)
