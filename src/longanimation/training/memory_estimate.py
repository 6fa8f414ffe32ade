"""How much GPU memory a recipe needs, before anything is loaded: one step counted on the meta device."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch

from longanimation.training.model_parts import empty_parts
from longanimation.training.run_stage import micro_batch, stage_class
from longanimation.training.stage_config import StageConfig
from longanimation.weights.meta_memory import peak_bytes

GIB = 2**30
OVERHEAD = 1.1  # work space of kernels, fragmentation, number formats that autocast mixes
CONTEXT = 600 * 10**6  # CUDA and its libraries


@dataclass(frozen=True)
class TrainingMemory:
    """Bytes on one GPU.

    Attributes:
        frozen: parts that are only used, without the offloaded ones.
        trained: weights of the trained parts as they are computed with.
        states: their float32 copy, gradients, optimizer states, average.
        activations: of one micro-batch, forward and backward; or the largest offloaded part if that is more (it has
            left when the forward pass begins).
        processes: among which FSDP2 or DeepSpeed would divide `trained` and `states`; DDP does not.
        parameters: how many are trained.
    """

    frozen: int
    trained: int
    states: int
    activations: int
    processes: int
    parameters: int

    @property
    def total(self) -> int:
        """Every process holds everything (one process, DDP)."""
        return int((self.frozen + self.trained + self.states + self.activations) * OVERHEAD) + CONTEXT

    @property
    def sharded(self) -> int:
        """Weights and states of the trained parts divided among the processes (FSDP2, DeepSpeed ZeRO-3)."""
        share = (self.trained + self.states) // self.processes
        return int((self.frozen + share + self.activations) * OVERHEAD) + CONTEXT

    def describe(self) -> str:
        """For people."""
        rows = {
            "frozen parts": self.frozen,
            "trained parts": self.trained,
            "gradients, optimizer, average": self.states,
            "activations of a micro-batch": self.activations,
            "in all, with overhead": self.total,
        }
        if self.processes > 1:
            rows[f"in all, if sharded over {self.processes}"] = self.sharded
        lines = [f"memory of one GPU ({self.parameters / 1e6:.1f} M parameters are trained):"]
        return "\n".join([*lines, *(f"  {name:<32} {value / GIB:6.2f} GB" for name, value in rows.items())])


def estimate_memory(stage: str, config: StageConfig, *, processes: int = 1) -> TrainingMemory:
    """Count one step of a stage. Raises InputError for a config that cannot run.

    The step is the real one, with every layer, on tensors without values; only the denoising steps that the reward
    takes without gradients are left out, since they need less than the one with gradients.
    """
    changes = {"lora_rank": 0, "checkpointing": config.checkpointing, "offload": ()}
    if hasattr(config, "denoising_steps"):
        changes |= {"denoising_steps": 1, "last_steps": 1}
    start = empty_parts(stage, config)
    from longanimation.pipeline.scheduler import SegmentScheduler

    start.parts["scheduler"] = SegmentScheduler.published()
    start.parts["tokenizer"] = _CountedTokens()
    network = stage_class(stage)(start, replace(config, **changes))
    half = config.precision == "bf16" or (config.precision == "auto" and config.frozen_dtype == "bfloat16")
    compute = torch.bfloat16 if half else torch.float32
    parameters = trained = 0
    for name, part in network.trained.items():
        torch.nn.Module.to(part, compute)
        count = sum(value.numel() for value in part.parameters())
        trained += count * (2 if config.frozen_dtype == "bfloat16" and config.lora_rank else compute.itemsize)
        if config.lora_rank:
            count = _lora_parameters(part, name, config.lora_rank)
        parameters += count
    network.frozen.to(torch.device("meta"), getattr(torch, config.frozen_dtype))
    frozen, waiting = 0, 0
    for name, part in start.parts.items():
        if name in network.frozen:
            size = sum(value.numel() * value.element_size() for value in part.parameters())
            if name in config.offload:
                waiting = max(waiting, size if name != "text_encoder" else 0)  # which stays in RAM
            else:
                frozen += size
    micro = micro_batch(config, processes)
    batch = _empty_batch(network.plan(config), micro, config.batch_size)
    for value in network.trained.parameters():  # gradients count among the states
        value.register_post_accumulate_grad_hook(_forget_gradient)
    activations = peak_bytes(lambda: network(batch)["loss"].backward(), gradients=True)
    per_parameter = 4 + (2 if config.optimizer == "adamw8bit" else 8) + (4 if config.ema_decay else 0)
    per_parameter += 4 if half and not config.lora_rank else 0  # the float32 weights beside their bfloat16 copies
    return TrainingMemory(
        frozen=frozen,
        trained=trained,
        states=parameters * per_parameter,
        activations=max(activations, waiting),
        processes=processes,
        parameters=parameters,
    )


def _forget_gradient(value: torch.Tensor) -> None:
    value.grad = None


def _lora_parameters(part: torch.nn.Module, name: str, rank: int) -> int:
    from longanimation.training.lora import _TARGETS

    count = part.zero_conv.weight.numel() if hasattr(part, "zero_conv") else 0
    for path, layer in part.named_modules():
        if isinstance(layer, torch.nn.Linear) and any(path.endswith(f".{target}") for target in _TARGETS):
            count += rank * (layer.in_features + layer.out_features)
    return count


class _CountedTokens:
    """Stands for the tokenizer: only the number of tokens matters."""

    def __call__(self, texts, *, max_length: int, **_):
        self.input_ids = torch.zeros(len(texts), max_length, dtype=torch.int64)
        return self


def _empty_batch(plan, micro: int, batch_size: int) -> dict:
    height, width = plan.size
    shapes = {
        "colour": (plan.frames, height, width, 3),
        "lines": (plan.frames, height, width),
        "reference": (height, width, 3),
        "reference_lines": (height, width),
        "history": (plan.history, height, width, 3),
    }
    if plan.draft_side:
        shapes |= {"draft": shapes["colour"], "sure": shapes["lines"]}
    batch = {name: torch.empty(micro, *shape, dtype=torch.uint8, device="meta") for name, shape in shapes.items()}
    return batch | {"prompt": [""] * micro, "index": torch.arange(micro)}
