"""Single networks against the published numbers."""

import fixture
import pytest
import torch

from longanimation.models import ControlledTransformer3D, DynamicGlobalLocalMemory, SketchDiT
from longanimation.models.rotary import rotary_tables


def tables_for(case):
    _, frames, _, height, width = case["hidden_states"].shape
    config = case.config
    return rotary_tables(
        frames,
        height,
        width,
        config["attention_head_dim"],
        patch_size=config["patch_size"],
        patch_size_t=config["patch_size_t"],
    )


@pytest.mark.parametrize(
    "case", fixture.find_cases("sketch_dit") + fixture.find_cases("controlled_transformer"), ids=str
)
def test_rotary_tables_are_the_published_ones(case):
    cos, sin = tables_for(case)
    fixture.compare(f"{case} rotary tables", cos, case["rope_cos"], {"atol": 1e-6})
    fixture.compare(f"{case} rotary tables", sin, case["rope_sin"], {"atol": 1e-6})


@pytest.mark.parametrize("case", fixture.find_cases("sketch_dit"), ids=str)
@torch.no_grad()
def test_sketch_dit_computes_the_published_control(case):
    model = fixture.fill(SketchDiT(**case.config), case.weights["model"])
    control = model(
        case["hidden_states"], case["encoder_hidden_states"], case["timestep"], case["ofs"], tables_for(case)
    )
    fixture.compare(f"{case} control", control, case["control"], case.tolerance)


@pytest.mark.parametrize("case", fixture.find_cases("controlled_transformer"), ids=str)
@torch.no_grad()
def test_controlled_transformer_computes_the_published_prediction(case):
    model = fixture.fill(ControlledTransformer3D(**case.config), case.weights["model"])
    got = model(
        case["hidden_states"],
        case["encoder_hidden_states"],
        case["timestep"],
        ofs=case["ofs"],
        image_rotary_emb=tables_for(case),
        control=case["control_signal"],
        control_scale=case.meta.get("control_scale", 0.5),
    ).sample
    fixture.compare(f"{case} sample", got, case["sample"], case.tolerance)


@pytest.mark.parametrize("case", fixture.find_cases("glm"), ids=str)
@torch.no_grad()
def test_memory_module_computes_the_published_correction(case):
    model = fixture.fill(DynamicGlobalLocalMemory(**case.config), case.weights["model"])
    got = model(case["global_memory"], case["local_memory"], case["latents"])
    fixture.compare(f"{case} module output", got, case["module_output"], case.tolerance)
    fixture.compare(f"{case} control", got + case["latents"], case["control"], case.tolerance)
    projected = model.project_memory(case["global_memory"], case["local_memory"])
    assert torch.equal(model(control=case["latents"], projected=projected), got)
