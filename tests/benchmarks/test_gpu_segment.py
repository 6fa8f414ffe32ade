"""The benchmark of a window on a GPU, run on the CPU with the tiny networks: its counting, its file, its supervisor."""

import json
import sys
from pathlib import Path

import pytest
import torch

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))

import gpu_segment
from gpu import networks
from gpu.flops import CallCounter, TrunkFlops, counted_flops
from gpu.results import FAILED, MEASURED, Results
from gpu.supervisor import supervise
from gpu.variants import Loop, Stage, all_variants
from gpu.worker import DEVICE_IS_BROKEN

SIZE = "32x48"
BLOCKS, SKETCH_BLOCKS = 2, 1  # of the tiny networks


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def output(tmp_path_factory):
    folder = tmp_path_factory.mktemp("gpu")
    assert gpu_segment.main(["--tiny", "--size", SIZE, "--steps", "2", "--output", str(folder)]) == 0
    return folder


@pytest.fixture(scope="module")
def results(output):
    return json.loads((output / "gpu_segment.json").read_text())["sizes"][SIZE]


def test_every_variant_has_a_result_or_a_reason(results, output):
    variants = {variant.name: variant for variant in all_variants(networks.tiny().new_frames)}
    assert list(results) == list(variants)
    for name, result in results.items():
        assert result["status"] in (MEASURED, FAILED)
        if result["status"] == FAILED:
            needless = name == "compiled, fastest attention" and "default attention is the fastest" in result["reason"]
            assert name.startswith("attention ") or needless, f"{name} must work on the CPU: {result['reason']}"
            assert result["reason"] and "\n" not in result["reason"]
        elif isinstance(variants[name], Stage):
            assert result["seconds"] > 0 and result["seconds_per_new_frame"] == result["seconds"] / 8
    assert "native" not in {name for name, result in results.items() if result["status"] == FAILED}
    table = (output / "gpu_segment.md").read_text()
    assert all(name in table for name in variants) and "Not run yet" not in table


def test_the_numbers_of_a_loop_fit_together(results):
    loops = [r for r in results.values() if "step_seconds" in r]
    assert len(loops) >= 12
    for result in loops:
        assert len(result["step_seconds"]) == result["steps"] == len(result["attention_entries"])
        as_run = result["as_run_seconds_per_step"]
        assert sum(result["step_seconds"]) <= as_run * result["steps"] + 1e-9
        assert result["sketch_seconds_per_step"] < as_run
        floor = result["flops_per_step"] / result["matmul_flops_per_second"]
        assert result["share_of_floor"] == pytest.approx(floor / as_run)
        # 3 steps make a window of the tiny model, and a window adds 17 - 9 frames
        assert result["seconds_per_new_frame"] == pytest.approx(result["seconds_per_step"] * 3 / 8)


def test_what_claims_to_be_exact_is_compared_with_the_plain_result(results):
    exact = [v for v in all_variants(8) if isinstance(v, Loop) and v.exact and v.name != "plain"]
    for variant in exact:
        result = results[variant.name]
        if result["status"] == MEASURED and result["steps"] == results["plain"]["steps"]:
            assert result["difference_to_plain"] < 0.03
    assert results["SketchDiT ahead"]["difference_to_plain"] == 0
    assert results["float8 storage"]["difference_to_plain"] > 0, "float8 storage changed nothing: it was not on"


def test_caches_really_skip_blocks(results):
    whole = 2 * BLOCKS  # both guidance halves through all blocks
    assert results["plain"]["attention_entries"] == results["plain"]["feed_forward_entries"] == [whole] * 2
    one_block = 2
    assert results["first-block cache"]["attention_entries"] == [whole] + [one_block] * 7
    assert results["MagCache"]["attention_entries"] == [whole, 0, 0, 0] * 2
    for name in ("TaylorSeer cache", "TaylorSeer cache, lite"):
        assert results[name]["attention_entries"] == [whole, whole, 0, whole, 0, 0, 0, whole]
        assert results[name]["feed_forward_entries"] == results[name]["attention_entries"]
    for name in ("first-block cache", "MagCache", "TaylorSeer cache", "TaylorSeer cache, lite"):
        assert results[name]["flops_per_step"] < results["plain"]["flops_per_step"]
        assert results[name]["computed_steps"] + results[name]["cached_steps"] == results[name]["steps"] == 8


def test_work_is_counted_as_done(results):
    plain = results["plain"]["flops_per_step"]
    dropped = results["negative half dropped late"]
    assert dropped["attention_entries"] == [2 * BLOCKS] * 2 + [BLOCKS] * 2
    assert dropped["flops_per_step"] == pytest.approx(0.75 * plain)
    assert results["SketchDiT ahead, 4 steps a call"]["flops_per_step"] == plain
    assert results["compiled"]["flops_per_step"] == plain
    second, full = (results[f"memory, {name}"]["flops_per_step"] for name in ("second window", "full history"))
    assert plain < second < full


def test_a_second_run_measures_only_what_is_missing(output, results, capsys):
    file = output / "gpu_segment.json"
    before = file.read_bytes()
    arguments = ["--tiny", "--size", SIZE, "--steps", "2", "--output", str(output)]
    gpu_segment.main(arguments)
    assert file.read_bytes() == before
    stored = json.loads(before)
    del stored["sizes"][SIZE]["MagCache"]
    file.write_text(json.dumps(stored))
    capsys.readouterr()
    gpu_segment.main(arguments)
    said = [line for line in capsys.readouterr().out.splitlines() if line.startswith(SIZE)]
    assert len(said) == 1 and said[0].startswith(f"{SIZE} MagCache")
    again = json.loads(file.read_text())["sizes"][SIZE]
    assert again.pop("MagCache")["status"] == MEASURED
    assert again == {name: result for name, result in results.items() if name != "MagCache"}


def test_nothing_is_begun_when_time_is_up_and_other_machines_are_not_mixed(tmp_path, capsys):
    arguments = ["--tiny", "--size", SIZE, "--output", str(tmp_path)]
    gpu_segment.main([*arguments, "--limit-seconds", "-1"])
    assert "time is up" in capsys.readouterr().out
    results = Results(tmp_path / "gpu_segment.json", {"device": "another"})
    results.write()
    with pytest.raises(SystemExit, match="another --output"):
        gpu_segment.main(arguments)


def test_the_formula_gives_the_published_numbers():
    sizes = {"vision": 11 * 36 * 64, "text": 226, "dim": 3072, "patch_values": 256, "text_values": 4096}
    assert 2 * TrunkFlops(**sizes, layers=42, head_values=128).whole == pytest.approx(1161.5e12, rel=1e-4)
    assert 2 * TrunkFlops(**sizes, layers=6, head_values=3072).whole == pytest.approx(167.0e12, rel=1e-3)


@pytest.mark.parametrize("name", ["transformer", "sketch_dit"])
def test_the_formula_gives_what_an_operation_counter_sees(name):
    window = networks.Window(networks.tiny(), 32, 48, torch.device("cpu"))
    network = window.model.build(name, window.device)
    assert all(p.dtype == torch.bfloat16 and (p.ndim < 2 or p.any()) for p in network.parameters())
    frames, channels, *size = window.latent_shape
    network.set_attention_backend("_native_math")  # products that the counter knows
    counter = CallCounter(network)
    seen = counted_flops(
        lambda: network(
            window.random(2, frames, 2 * channels, *size), window.random(2, 32, 24), torch.tensor([5, 5]), ofs=2.0
        )
    )
    network.set_attention_backend("native")
    want = TrunkFlops.of(network, frames, *size)
    assert want.done(counter.take()) == 2 * want.whole
    assert 0 <= seen / (2 * want.whole) - 1 < 0.05, "time embedding and modulation are not in the formula"


DIES = """
import os, sys, time
from pathlib import Path
from gpu.results import Results, MEASURED
results = Results.read(Path(sys.argv[1]))
done = results.at("1x1")
if "first" not in done:
    results.begin("1x1", "first")
    {end}
results.put("1x1", "second", {{"status": MEASURED}})
"""


@pytest.mark.parametrize(
    ("end", "limits", "reason"),
    [
        ("os.kill(os.getpid(), 9)", {}, "code -9"),
        ("time.sleep(60)", {"variant_limit": 0.5}, "longer than 0.5 s"),
        ("results.put('1x1', 'first', {'status': 'failed', 'reason': 'broken'}); sys.exit(75)", {}, "broken"),
    ],
    ids=["killed", "hangs", "device broken"],
)
def test_a_variant_that_ends_its_process_gets_a_reason_and_the_rest_goes_on(tmp_path, monkeypatch, end, limits, reason):
    assert DEVICE_IS_BROKEN == 75
    monkeypatch.setenv("PYTHONPATH", str(Path(gpu_segment.__file__).parent))
    results = Results(tmp_path / "gpu_segment.json")
    command = [sys.executable, "-c", DIES.format(end=end), str(results.path)]
    assert supervise(command, results, **{"limit": None, "variant_limit": 60, **limits}) == 0
    found = Results.read(results.path).at("1x1")
    assert found["first"]["status"] == FAILED and reason in found["first"]["reason"]
    assert found["second"]["status"] == MEASURED


def test_what_is_under_way_when_time_is_up_is_left_for_the_next_run(tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(Path(gpu_segment.__file__).parent))
    results = Results(tmp_path / "gpu_segment.json")
    command = [sys.executable, "-c", DIES.format(end="time.sleep(60)"), str(results.path)]
    assert supervise(command, results, limit=4, variant_limit=60) == 0
    assert Results.read(results.path).at("1x1") == {}
