"""Before loading: which number format, which placement, and one clear line when it cannot be."""

import pytest
import torch

from longanimation.errors import InputError
from longanimation.weights import memory_plan, preflight
from longanimation.weights.memory_plan import GIB, memory_plans, plan_for_cpu
from longanimation.weights.model_folder import open_model_folder
from longanimation.weights.placement import CPU_PLACEMENTS
from longanimation.weights.preflight import plan_placement, working_type

BF16, CPU, GPU = torch.bfloat16, torch.device("cpu"), torch.device("cuda")
SMALL = {"size": (64, 96), "frames": 9, "dtype": BF16}


def test_a_model_runs_in_the_type_of_its_transformer_unless_asked(root):
    assert working_type(root) is BF16 and working_type(root, "fp32") is torch.float32


def test_twice_the_bytes_per_number_take_about_twice_the_memory():
    half, full = (memory_plans("5b", dtype=dtype) for dtype in (BF16, torch.float32))
    assert full[0].vram == pytest.approx(2 * half[0].vram, rel=0.02)
    assert half[3].vram < full[3].vram < 2 * half[3].vram  # 8-bit weights stay 8 bits


def test_on_the_cpu_everything_must_fit_into_ram(root):
    plan, notes = plan_placement(root, device=CPU, **SMALL)
    assert plan.placement.name == "on the CPU" and "no GPU: runs on the CPU, about" in notes[0] and len(notes) == 1
    notes = plan_placement(root, device=CPU, vram=24, **SMALL)[1]
    assert notes[1] == "vram has no effect without a GPU"
    plans = {ram: plan_for_cpu("5b", ram=ram) for ram in (128, 60, 40)}
    assert [plan.placement for plan in plans.values()] == list(CPU_PLACEMENTS)
    assert all(plan.ram <= ram * GIB for ram, plan in plans.items())
    with pytest.raises(InputError, match=r"5b at 576x1024 needs \d+\.\d GB of RAM .* 16.0 GB may be used; .* mini"):
        plan_for_cpu("5b", ram=16)


def test_on_a_gpu_no_more_than_asked_for_and_no_more_than_is_free(root, monkeypatch):
    monkeypatch.setattr(preflight, "free_vram", lambda: 20 * GIB)
    monkeypatch.setattr(memory_plan, "free_ram", lambda: 64 * GIB)
    published = {"size": (576, 1024), "frames": 81, "dtype": BF16, "device": GPU}
    names = {vram: plan_placement("5b", vram=vram, **published)[0].placement.name for vram in (None, 80, 12)}
    assert names == {None: "by phase, tiles", 80: "by phase, tiles", 12: "by block, 8 bits, tiles"}
    assert plan_placement("5b", vram=12, **published)[1] == [
        "about 7.6 GB of 12.0 GB of GPU memory: layers are on the GPU only while they run (slow), weights stored in "
        "8 bits, decoding in tiles"
    ]
    monkeypatch.setattr(preflight, "free_vram", lambda: 2 * GIB)
    with pytest.raises(InputError, match=r"needs 7.6 GB of GPU memory at least .* \(2.0 GB of the GPU are free, less"):
        plan_placement("5b", vram=24, **published)


def test_parts_that_will_not_be_used_are_not_counted(root):
    whole = open_model_folder(root)
    less = whole.without("memory", "memory_encoder", "line_network")
    assert memory_plans(less, **SMALL)[0].vram < memory_plans(whole, **SMALL)[0].vram
    less.require()
    with pytest.raises(InputError, match="memory but no memory_encoder .* do without memory"):
        whole.without("memory_encoder").require()
