"""Training of the region matcher and, if wanted, of the correspondence memory below it (`longanimation train regions`).

longanimation train regions --output runs/regions --memory runs/correspondence/correspondence
"""

import time
from copy import deepcopy
from dataclasses import asdict, dataclass, field
from pathlib import Path

import cv2
import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset

from longanimation.errors import InputError
from longanimation.media.atomic import atomic_path
from longanimation.models.correspondence_memory import CorrespondenceMemory
from longanimation.models.region_matcher import RegionMatcher, label_codes
from longanimation.pipeline.precision import has_fast_bfloat16
from longanimation.training.journal import Journal, RunClock, write_json
from longanimation.training.region_clips import RegionClipStore
from longanimation.training.region_episodes import CANVASES, by_size, collate, make_region_episode
from longanimation.training.region_loss import LABELS, region_loss
from longanimation.training.weight_average import WeightAverage


@dataclass
class RegionTrainConfig:
    """memory: folder of the correspondence memory. start_from: folder of a matcher to go on from.
    memory_learning_rate: 0 leaves the memory as it is: then `cache` keeps what it sees instead of drawings, and the
    matcher alone learns from many times as many episodes a second on a CPU. clips: distinct shots, kept in `cache`
    (none: drawn anew each time); every `reuse` episodes a new one joins, so that drawing keeps pace. shrunk: share of
    batches at half size, which the soft finish looks at. copying: weight of the memory's own loss. workers: processes
    that draw.
    """

    output: str
    memory: str
    cache: str | None = None
    start_from: str | None = None
    clips: int = 2000
    reuse: int = 8
    steps: int = 4000
    batch_size: int = 8
    learning_rate: float = 1e-3
    memory_learning_rate: float = 4e-4
    warmup_steps: int = 100
    weight_decay: float = 0.02
    average_decay: float = 0.999
    shrunk: float = 0.15
    copying: float = 0.5
    seed: int = 0
    device: str = "auto"
    workers: int = 0
    save_seconds: float = 300
    limit_seconds: float | None = None
    log_steps: int = 20
    validate_steps: int = 500
    validation_clips: int = 40
    model: dict = field(default_factory=dict)


class RegionBatches(Dataset):
    """Batch `step` is a pure function of (seed, step): a list of parts that are computed one after the other.

    frozen: the memory, if it is not trained. apart: one part for each episode, so that next to nothing is padded (CPU).
    """

    def __init__(
        self,
        config: RegionTrainConfig,
        length: int,
        *,
        training: bool,
        frozen: CorrespondenceMemory | None,
        apart: bool,
    ):
        self.config, self.length, self.training, self.apart = config, length, training, apart
        self.store = RegionClipStore(config.cache, "varied" if training else "test", frozen)

    def __len__(self) -> int:
        return self.length

    def __getitem__(self, step: int) -> list[dict]:
        cv2.setNumThreads(1)
        config, episodes = self.config, []
        rng = np.random.default_rng((config.seed, step, self.training))
        for place in range(step * config.batch_size, (step + 1) * config.batch_size):
            if self.training:
                clip = choose_clip(place, config.clips, config.reuse, rng)
            else:
                clip = place % config.validation_clips
            episodes.append(make_region_episode(self.store.get(clip), rng, augment=self.training))
        shrink = self.training and rng.random() < config.shrunk
        if not self.apart:
            return [collate(group, shrink=shrink, canvases=CANVASES) for group in by_size(episodes)]
        # As arrays: each tensor that a process sends to another one takes a file descriptor.
        parts = [collate([episode], shrink=shrink) for episode in episodes]
        return [{name: value.numpy() for name, value in part.items()} for part in parts]


def choose_clip(place: int, clips: int, reuse: int, rng: np.random.Generator) -> int:
    """Which of `clips` shots the episode at `place` is made of, while every `reuse` episodes a new one joins.

    One of the newer half of those that have joined: none is used more than about 1.4 * `reuse` times before all have.
    Were it any of them, the first would be used far more often than the last, and learned by heart.
    """
    joined = min(clips, 1 + place // reuse)
    return int(rng.integers(joined // 2 if joined < clips else 0, joined))


class _Both(torch.nn.Module):
    def __init__(self, memory: CorrespondenceMemory, matcher: RegionMatcher):
        super().__init__()
        self.memory, self.matcher = memory, matcher


def train_regions(config: RegionTrainConfig, progress=None) -> dict:
    """Run or resume. `progress(step, metrics)` is called each `log_steps`. Returns the last validation metrics.

    Leaves `correspondence/` (the memory) and `region_matcher/` side by side, a model like `mini`. The metric
    `waited` is the seconds since the start in which no drawings were ready: if it grows, more workers or reuse help.
    """
    for folder in filter(None, (config.memory, config.start_from)):
        if not (Path(folder) / "config.json").is_file():
            raise InputError(
                f"{folder} is no trained part; name the folder `correspondence` or `region_matcher` of a run"
            )
    output = Path(config.output)
    output.mkdir(parents=True, exist_ok=True)
    name = "cuda" if torch.cuda.is_available() else "cpu"
    device = torch.device(name if config.device == "auto" else config.device)
    torch.manual_seed(config.seed)
    if device.type == "cuda":
        torch.set_float32_matmul_precision("high")
    memory = CorrespondenceMemory.from_pretrained(config.memory).float()
    matcher = RegionMatcher(key_dim=memory.config.key_dim, **config.model)
    if config.start_from:
        matcher = RegionMatcher.from_pretrained(config.start_from).float()
    frozen = None if config.memory_learning_rate else deepcopy(memory).requires_grad_(False).eval()
    memory.requires_grad_(frozen is None)
    model = _Both(memory.to(memory_format=torch.channels_last), matcher).to(device).train()
    groups = [{"params": list(matcher.parameters()), "rate": config.learning_rate}]
    if config.memory_learning_rate:
        groups.append({"params": list(memory.parameters()), "rate": config.memory_learning_rate})
    optimizer = torch.optim.AdamW(groups, config.learning_rate, (0.9, 0.98), weight_decay=config.weight_decay)
    average = WeightAverage(model, config.average_decay)
    checkpoint, step, seconds = output / "checkpoint.pt", 0, 0.0
    if checkpoint.exists():
        saved = torch.load(checkpoint, map_location=device, weights_only=True)
        model.load_state_dict(saved["model"])
        optimizer.load_state_dict(saved["optimizer"])
        average.values = saved["average"]
        step, seconds = saved["step"], saved["seconds"]
    write_json(output / "config.json", asdict(config))
    log = Journal(output)
    clock = RunClock(seconds, limit=config.limit_seconds, save_every=config.save_seconds)
    totals: dict[str, float | torch.Tensor] = {}
    metrics: dict = {}
    asked = time.monotonic()
    waited = 0.0
    for parts in _loader(config, config.steps, step, training=True, device=device, frozen=frozen):
        waited += time.monotonic() - asked
        for group in optimizer.param_groups:
            group["lr"] = group["rate"] * _pace(config, step)
        optimizer.zero_grad(set_to_none=True)
        generator = torch.Generator().manual_seed(config.seed + step)
        for batch in parts:
            batch = {name: torch.as_tensor(value).to(device, non_blocking=True) for name, value in batch.items()}
            codes = label_codes(LABELS, matcher.config.label_dim, generator)
            with _autocast(device, frozen):
                copying = config.copying if frozen is None else 0.0
                loss, counts = region_loss(memory, matcher, batch, codes=codes, copying=copying)
            loss = loss * _share(batch, config)
            loss.backward()
            for name, value in {"loss": loss.detach() / config.log_steps, **counts}.items():
                totals[name] = totals.get(name, 0) + value
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        step += 1
        average.update(model, step)
        if step % config.log_steps == 0:
            metrics = _shares(totals) | {"seconds": clock.seconds, "waited": waited}
            totals = {}
            log.write(step, metrics)
            if progress:
                progress(step, metrics)
        last = step >= config.steps or clock.over
        if last or step % config.validate_steps == 0:
            metrics = validate_regions(_averaged(model, average), config, device, frozen)
            log.write(step, metrics)
            if progress:
                progress(step, metrics)
        if last or clock.save_due():
            with atomic_path(checkpoint) as path:
                state = {"model": model.state_dict(), "optimizer": optimizer.state_dict(), "average": average.values}
                torch.save(state | {"step": step, "seconds": clock.seconds}, path)
            averaged = _averaged(model, average).cpu()
            averaged.memory.save_pretrained(output / "correspondence")
            averaged.matcher.save_pretrained(output / "region_matcher")
        if last:
            break
        asked = time.monotonic()
    return metrics


@torch.no_grad()
def validate_regions(
    model: _Both, config: RegionTrainConfig, device: torch.device, frozen: CorrespondenceMemory | None = None
) -> dict:
    """Shares of regions over 10 pixels right on held-out shapes and motions, each shot with its own references."""
    totals: dict[str, float | torch.Tensor] = {}
    length = max(1, -(-2 * config.validation_clips // config.batch_size))
    for parts in _loader(config, length, 0, training=False, device=device, frozen=frozen):
        for batch in parts:
            batch = {name: torch.as_tensor(value).to(device) for name, value in batch.items()}
            with _autocast(device, frozen):
                loss, counts = region_loss(model.memory, model.matcher, batch)
            for name, value in {"loss": loss * _share(batch, config) / length, **counts}.items():
                totals[name] = totals.get(name, 0) + value
    return {f"validation/{name}": value for name, value in _shares(totals).items()}


def _loader(config: RegionTrainConfig, length: int, start: int, *, training: bool, device, frozen) -> DataLoader:
    return DataLoader(
        RegionBatches(config, length, training=training, frozen=frozen, apart=device.type == "cpu"),
        batch_size=None,
        collate_fn=list,
        sampler=range(start, length),
        num_workers=config.workers,
        pin_memory=device.type == "cuda",
        prefetch_factor=4 if config.workers else None,
    )


def _share(part: dict[str, torch.Tensor], config: RegionTrainConfig) -> float:
    """How much of a batch a part of it is."""
    return len(part["kinds"]) / config.batch_size


def _averaged(model: _Both, average: WeightAverage) -> _Both:
    memory, matcher = (
        CorrespondenceMemory.from_config(model.memory.config),
        RegionMatcher.from_config(model.matcher.config),
    )
    result = _Both(memory, matcher).to(next(model.parameters()).device)
    result.load_state_dict(model.state_dict() | average.values)
    return result.eval()


def _autocast(device: torch.device, frozen: CorrespondenceMemory | None):
    """bfloat16 where it is faster: on a CPU in the memory's convolutions, not in the matcher's small products."""
    fast = device.type == "cuda" or (frozen is None and has_fast_bfloat16())
    return torch.autocast(device.type, torch.bfloat16, enabled=fast)


def _shares(totals: dict) -> dict:
    values = {name: float(value) for name, value in totals.items()}
    return {
        "loss": values["loss"],
        "regions_right": values["right"] / max(values["known"], 1),
        "right_by_references": values["alone_right"] / max(values["alone_known"], 1),
    }


def _pace(config: RegionTrainConfig, step: int) -> float:
    warm = min(1.0, (step + 1) / config.warmup_steps)
    return float(warm * (0.02 + 0.49 * (1 + np.cos(np.pi * min(1.0, step / config.steps)))))
