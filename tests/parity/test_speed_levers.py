"""Every way to run the networks faster computes the same: caches, attention backends, compilation, bfloat16."""

import shutil

import fixture
import pytest
import torch
from diffusers import FirstBlockCacheConfig
from diffusers.models.attention_dispatch import _AttentionBackendRegistry

from longanimation.models import ControlledTransformer3D, DynamicGlobalLocalMemory, SketchDiT


def transformer_run(dtype=torch.float32):
    case = fixture.first("controlled_transformer")
    model = fixture.fill(ControlledTransformer3D(**case.config), case.weights["model"]).to(dtype)
    return (
        case,
        model,
        lambda: (
            model(
                case["hidden_states"].to(dtype),
                case["encoder_hidden_states"].to(dtype),
                case["timestep"],
                ofs=case["ofs"],
                image_rotary_emb=(case["rope_cos"], case["rope_sin"]),
                control=case["control_signal"].to(dtype),
            ).sample
        ),
    )


def sketch_run(dtype=torch.float32):
    case = fixture.first("sketch_dit")
    model = fixture.fill(SketchDiT(**case.config), case.weights["model"]).to(dtype)
    return (
        case,
        model,
        lambda: model(
            case["hidden_states"].to(dtype),
            case["encoder_hidden_states"].to(dtype),
            case["timestep"],
            case["ofs"],
            (case["rope_cos"], case["rope_sin"]),
        ),
    )


def memory_run(dtype=torch.float32):
    case = fixture.first("glm")
    model = fixture.fill(DynamicGlobalLocalMemory(**case.config), case.weights["model"]).to(dtype)
    memories = case["global_memory"].to(dtype), case["local_memory"].to(dtype)
    return case, model, lambda: model(*memories, case["latents"].to(dtype))


def usable_backends(model, run):
    """Attention backends of diffusers that work on this machine without any package or download."""
    found = []
    for backend in _AttentionBackendRegistry.list_backends():
        if backend.value not in ("native", "_native_math", "_native_flash", "_native_efficient", "flex"):
            continue
        try:
            model.set_attention_backend(backend.value)
            found.append((backend.value, run()))
        except (RuntimeError, ValueError):
            continue
    model.set_attention_backend("native")
    return found


@pytest.mark.parametrize("make", [transformer_run, sketch_run, memory_run])
@pytest.mark.filterwarnings("ignore:flex_attention called without")
@torch.no_grad()
def test_attention_backends_agree(make):
    _, model, run = make()
    want = run()
    backends = usable_backends(model, run)
    assert {"native", "_native_math"} <= {name for name, _ in backends}
    for name, got in backends:
        fixture.compare(f"{make.__name__} {name} against the default backend", got, want, {"atol": 1e-5})


@torch.no_grad()
def test_choosing_a_backend_reaches_the_attention():
    _, model, run = transformer_run()
    model.set_attention_backend("_native_math")
    assert all(block.attn1.processor._attention_backend == "_native_math" for block in model.transformer_blocks)
    model.set_attention_backend("native")


@torch.no_grad()
def test_first_block_cache_gives_the_same_on_identical_inputs():
    _, model, run = transformer_run()
    want = run()
    computed = []
    model.transformer_blocks[1].attn1.register_forward_hook(lambda *_: computed.append(1))
    model.enable_cache(FirstBlockCacheConfig(threshold=0.05))
    with model.cache_context("window"):
        first, second = run(), run()
    assert len(computed) == 1, "the second step should have come from the cache"
    fixture.compare("first-block cache, computed step", first, want, {"atol": 1e-6})
    fixture.compare("first-block cache, cached step", second, want, {"atol": 5e-6})
    model.disable_cache()
    assert torch.equal(run(), want)


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("g++") is None, reason="no compiler")
@torch.no_grad()
def test_regional_compilation_gives_the_same():
    _, model, run = transformer_run()
    want = run()
    model.compile_repeated_blocks(fullgraph=True)
    fixture.compare("regional compilation", run(), want, {"atol": 1e-5})


@pytest.mark.parametrize(
    ("make", "name"), [(transformer_run, "sample"), (sketch_run, "control"), (memory_run, "module_output")]
)
@torch.no_grad()
def test_bfloat16_stays_within_two_percent(make, name):
    case, _, run = make(torch.bfloat16)
    got, want = run().float(), case[name]
    error = (got - want).square().mean().sqrt() / want.square().mean().sqrt()
    assert error < 0.02
