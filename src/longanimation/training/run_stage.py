"""Runs a stage: one process, or several under `accelerate launch` (DDP, FSDP2, DeepSpeed), resumed exactly."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import torch
from accelerate import Accelerator
from accelerate.utils import DistributedType, ProjectConfiguration, set_seed
from torch.utils.data import DataLoader

from longanimation.errors import InputError
from longanimation.media import encode_png
from longanimation.media.atomic import make_folder, write_bytes, write_json
from longanimation.training import lora
from longanimation.training.checkpoints import Checkpoints
from longanimation.training.clips import TrainingClips
from longanimation.training.drafts import Drafts
from longanimation.training.model_parts import ModelWriter, open_parts
from longanimation.training.optimizer import learning_rate, make_optimizer
from longanimation.training.recipes import check_same_run, save_config
from longanimation.training.run_log import RunLog, usable_trackers
from longanimation.training.shots import open_shots
from longanimation.training.stage import Stage
from longanimation.training.stage_config import StageConfig
from longanimation.training.weight_average import WeightAverage, plain_name
from longanimation.weights.tensor_files import read_json

Progress = Callable[[int, dict[str, float]], None]


def run_stage(stage: str, config: StageConfig, progress: Progress | None = None) -> dict[str, float]:
    """Train, or go on from the run folder's newest checkpoint, up to `config.steps`.

    progress: called on the main process with (step, values) at every log. Returns the last logged values.
    Raises InputError for a config that cannot run or a run folder that holds another run.
    """
    if not config.output:
        raise InputError("no run folder named: give --output")
    folder = make_folder(config.output)
    if (folder / "config.json").exists():
        check_same_run(stage, config, read_json(folder / "config.json"), folder)
    trackers = usable_trackers(config.trackers)
    accelerator = _accelerator(config, folder, trackers)
    if stage == "autoencoder" and accelerator.distributed_type == DistributedType.FSDP:
        raise InputError("the autoencoder measures its latents with whole weights; train it without FSDP")
    processes = accelerator.num_processes
    micro = micro_batch(config, processes)
    accelerator.gradient_accumulation_steps = config.batch_size // (micro * processes)
    if accelerator.state.deepspeed_plugin is not None:
        settings = accelerator.state.deepspeed_plugin.deepspeed_config
        if accelerator.state.deepspeed_plugin.zero_stage == 3:
            raise InputError("DeepSpeed ZeRO stage 3 hides the weights from the average; use stage 2, or FSDP2")
        settings["train_micro_batch_size_per_gpu"] = micro
        settings["gradient_accumulation_steps"] = accelerator.gradient_accumulation_steps
    if accelerator.is_main_process:
        write_json(folder / "config.json", save_config(config, stage))
    set_seed(config.seed + accelerator.process_index)

    start = open_parts(stage, config)
    network = stage_class(stage)(start, config)
    network.place(accelerator.device)
    plan = network.plan(config)
    drafts = Drafts(config.drafts, config.cache, plan.draft_side) if plan.draft_side else None
    clips = TrainingClips(open_shots(config.data, config.cache), plan, config.steps * config.batch_size, drafts)
    optimizer = make_optimizer(config, network.parameters(), accelerator.device)
    network, optimizer = accelerator.prepare(network, optimizer)
    average = WeightAverage(network, config.ema_decay) if config.ema_decay else None
    checkpoints = Checkpoints(folder / "checkpoints", config.keep_checkpoints)
    done = checkpoints.load(accelerator, average) or {"step": 0, "seconds": 0.0}
    log = RunLog(accelerator, folder, trackers, save_config(config, stage))
    log.resume(done["step"])
    writer = ModelWriter(folder / "model", start, config.train, link=config.link_unchanged)

    began, totals, values = time.monotonic(), {}, {}
    step = done["step"]
    for batches in _steps(clips, config, accelerator, micro, step):
        losses = _optimizer_step(accelerator, network, optimizer, batches, config, learning_rate(config, step))
        step += 1
        if average:
            average.update(network, step)
        for name, value in losses.items():
            totals[name] = totals.get(name, 0.0) + value
        last = step == config.steps
        seconds = done["seconds"] + time.monotonic() - began
        if step % config.log_steps == 0 or last:
            count = step % config.log_steps or config.log_steps
            values = {name: float(total) / count for name, total in totals.items()}
            totals = {}
            log.write(step, {**values, "learning_rate": learning_rate(config, step - 1), "seconds": round(seconds, 3)})
            if progress and accelerator.is_main_process:
                progress(step, values)
        if config.sample_steps and step % config.sample_steps == 0:
            _save_pictures(accelerator, network, batches[0], folder / "samples" / f"{step:06d}.png")
        out_of_time = _anywhere(accelerator, config.limit_seconds, time.monotonic() - began)
        if last or out_of_time or step % config.save_steps == 0:
            checkpoints.save(accelerator, average, {"step": step, "seconds": seconds, "processes": processes})
            _write_model(accelerator, network, average, writer, clips)
        if out_of_time:
            break
    log.close()
    accelerator.free_memory()
    return values


def stage_class(stage: str) -> type[Stage]:
    """The class of a stage by name."""
    if stage == "autoencoder":
        from longanimation.training.autoencoder_stage import AutoencoderStage

        return AutoencoderStage
    if stage == "text":
        from longanimation.training.text_stage import TextStage

        return TextStage
    if stage == "reward":
        from longanimation.training.reward_stage import RewardStage

        return RewardStage
    from longanimation.training import diffusion_stage

    return {"sketch": diffusion_stage.SketchStage, "memory": diffusion_stage.MemoryStage}[stage]


def micro_batch(config: StageConfig, processes: int) -> int:
    """Clips that a process handles at a time. Raises InputError if the batch cannot be divided so."""
    share, rest = divmod(config.batch_size, processes)
    micro = config.micro_batch or share
    if rest or not micro or share % micro:
        raise InputError(
            f"batch_size {config.batch_size} cannot be divided among {processes} processes in parts of "
            f"{config.micro_batch or 'equal size'}; change batch_size or micro_batch"
        )
    return micro


def _accelerator(config: StageConfig, folder: Path, trackers: tuple[str, ...]) -> Accelerator:
    precision = config.precision
    if precision == "auto":
        precision = "bf16" if torch.cuda.is_available() else "no"
    return Accelerator(
        mixed_precision=precision,
        log_with=list(trackers) or None,
        project_config=ProjectConfiguration(project_dir=str(folder), logging_dir=str(folder / "tensorboard")),
        cpu=not torch.cuda.is_available(),
    )


def _steps(clips: TrainingClips, config: StageConfig, accelerator, micro: int, step: int) -> Iterator[list]:
    """For every remaining step, this process's micro-batches."""
    rank, processes, parts = (
        accelerator.process_index,
        accelerator.num_processes,
        accelerator.gradient_accumulation_steps,
    )
    order = [
        first + (part * processes + rank) * micro + place
        for first in range(step * config.batch_size, len(clips), config.batch_size)
        for part in range(parts)
        for place in range(micro)
    ]
    loader = iter(
        DataLoader(
            clips,
            batch_size=micro,
            sampler=order,
            num_workers=config.workers,
            persistent_workers=config.workers > 0,
            pin_memory=accelerator.device.type == "cuda",
        )
    )
    for _ in range(step, config.steps):
        yield [_on(next(loader), accelerator.device) for _ in range(parts)]


def _optimizer_step(accelerator, network, optimizer, batches, config, rate: float) -> dict[str, torch.Tensor]:
    """One step over this process's micro-batches; returns losses averaged over all clips of the step."""
    for group in optimizer.param_groups:
        group["lr"] = rate
    totals: dict[str, torch.Tensor] = {}
    for batch in batches:
        with accelerator.accumulate(network):
            losses = network(batch)
            accelerator.backward(losses["loss"])
            if accelerator.sync_gradients and config.clip_norm:
                accelerator.clip_grad_norm_(network.parameters(), config.clip_norm)
            optimizer.step()
            optimizer.zero_grad()
        for name, value in losses.items():
            totals[name] = totals.get(name, 0.0) + value.detach().float() / len(batches)
    return {name: accelerator.reduce(value, "mean") for name, value in totals.items()}


def _save_pictures(accelerator, network, batch, path: Path) -> None:
    was_training = network.training
    network.eval()
    picture = network(batch, pictures=True)
    network.train(was_training)
    if accelerator.is_main_process:
        make_folder(path.parent)
        write_bytes(path, encode_png(picture))


def _write_model(
    accelerator, network, average: WeightAverage | None, writer: ModelWriter, clips: TrainingClips
) -> None:
    """The trained parts (averaged) in the hub layout; with LoRA merged, and the additions beside it."""
    state = accelerator.get_state_dict(network)
    averaged = average.whole() if average else {}
    plain = accelerator.unwrap_model(network)
    count = getattr(plain.config, "scale_clips", 0)
    batches = (torch.utils.data.default_collate([clips[index]]) for index in range(min(count, len(clips))))
    changes = plain.config_changes(batches)
    if accelerator.is_main_process:
        state = {plain_name(name): value.cpu() for name, value in state.items()} | averaged
        states = {}
        for part in writer.trained:
            prefix = f"trained.{part}."
            own = {name[len(prefix) :]: value for name, value in state.items() if name.startswith(prefix)}
            if plain.config.lora_rank:
                from safetensors.torch import save_file

                additions = {name: value.contiguous() for name, value in lora.adapter(own, part).items()}
                save_file(additions, str(make_folder(writer.folder) / f"{part}_lora.safetensors"))
                own = lora.merged(own)
            states[part] = own
        writer.write(states, changes)
    accelerator.wait_for_everyone()


def _anywhere(accelerator, limit: float | None, seconds: float) -> bool:
    """Whether any process has run out of its time."""
    if limit is None:
        return False
    flag = torch.tensor(float(seconds > limit), device=accelerator.device)
    return bool(accelerator.reduce(flag, "sum") > 0)


def _on(batch: dict, device: torch.device) -> dict:
    return {
        name: value.to(device, non_blocking=True) if isinstance(value, torch.Tensor) and name != "index" else value
        for name, value in batch.items()
    }
