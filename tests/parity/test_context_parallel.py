"""One window shared by two processes (gloo, CPU) computes the same as one process."""

import os
import socket

import pytest
import torch

pytest.importorskip("diffusers.models._modeling_parallel", reason="diffusers before 0.36 cannot split a sequence")

LABELS = ("control", "control with memory", "sample")


def outputs():
    """SketchDiT, memory and transformer of the first fixtures, one after the other."""
    import fixture

    from longanimation.models import ControlledTransformer3D, DynamicGlobalLocalMemory, SketchDiT

    def halves(case):
        lengths = (case.config["num_attention_heads"], *case["control_signal"].shape[1:2])
        return all(length % 2 == 0 for length in (*lengths, case["encoder_hidden_states"].shape[1]))

    case = fixture.first("controlled_transformer", halves)
    config, dim = case.config, case["control_signal"].shape[2]
    torch.manual_seed(0)
    models = (
        SketchDiT(**{**config, "num_layers": 2}).eval(),
        DynamicGlobalLocalMemory(
            dim=dim, heads=2, dim_head=16, output_dim=dim, memory_dim=8, mapping_dims=(16,)
        ).eval(),
        fixture.fill(ControlledTransformer3D(**config), case.weights["model"]),
    )
    torch.nn.init.normal_(models[0].zero_conv.weight, std=0.2)
    torch.nn.init.normal_(models[1].proj_out, std=0.2)
    memory = torch.randn(1, 2, 3, 5, 8)
    tables = (case["rope_cos"], case["rope_sin"])
    shared = (case["hidden_states"], case["encoder_hidden_states"], case["timestep"])

    @torch.no_grad()
    def run():
        control = models[0](*shared, case["ofs"], tables)
        steered = control + models[1](memory, None, control=control)
        sample = models[2](*shared, ofs=case["ofs"], image_rotary_emb=tables, control=steered).sample
        return control, steered, sample

    return models, run


def worker(rank: int, port: int, folder: str):
    from longanimation.models.context_parallel import split_over_processes

    torch.set_num_threads(1)
    os.environ.update(MASTER_ADDR="127.0.0.1", MASTER_PORT=str(port), RANK=str(rank), WORLD_SIZE="2")
    torch.distributed.init_process_group("gloo", rank=rank, world_size=2)
    models, run = outputs()
    lengths = []
    models[2].transformer_blocks[0].norm1.register_forward_hook(lambda _, args, __: lengths.append(args[0].shape[1]))
    split_over_processes(*models, degree=2)
    torch.save((run(), lengths), os.path.join(folder, f"{rank}.pt"))
    torch.distributed.destroy_process_group()


@pytest.mark.filterwarnings("ignore")
def test_two_processes_compute_what_one_computes(tmp_path):
    import fixture

    _, run = outputs()
    want = run()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    torch.multiprocessing.spawn(worker, (port, str(tmp_path)), nprocs=2)
    for rank in range(2):
        got, lengths = torch.load(tmp_path / f"{rank}.pt", weights_only=True)
        assert lengths == [want[0].shape[1] // 2], "each process should hold half of the vision tokens"
        for label, ours, theirs in zip(LABELS, got, want, strict=True):
            fixture.compare(f"context parallel, {label}", ours, theirs, {"atol": 1e-5})
