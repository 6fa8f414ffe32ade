"""The parts that a stage starts from, and the model folder that it leaves behind."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from longanimation.errors import InputError
from longanimation.media.atomic import make_folder
from longanimation.pipeline.settings import WindowSettings
from longanimation.training.stage_config import StageConfig
from longanimation.weights.model_folder import PARTS, REQUIRED, open_model_folder
from longanimation.weights.parts import NETWORKS, model_class
from longanimation.weights.sources import MODELS, default_folder

NEEDED = {
    "autoencoder": ("vae",),
    "text": ("text_encoder", "tokenizer"),
    "sketch": REQUIRED,
    "memory": (*REQUIRED, "memory", "memory_encoder"),
    "reward": (*REQUIRED, "memory", "memory_encoder"),
}
"""Parts without which a stage cannot run. Others that the model has are passed on."""


@dataclass(frozen=True)
class StartingPoint:
    """parts: by name, networks in eval mode. folders: where parts that were loaded lie. settings: of the windows."""

    parts: dict[str, Any]
    folders: dict[str, Path]
    settings: WindowSettings


def open_parts(stage: str, config: StageConfig) -> StartingPoint:
    """Load, or make at random (the same for the same seed), all parts of a stage's model. Raises InputError."""
    parts, folders, settings = {}, {}, WindowSettings()
    if config.start_from == "tiny":
        from longanimation.weights.tiny import tiny_parts, tiny_settings

        parts, settings = tiny_parts(config.seed), tiny_settings()
        parts.pop("line_network")
    elif config.start_from:
        from longanimation.pipeline.pipeline import settings_of
        from longanimation.weights.load import load_parts

        folder = open_model_folder(_folder(config.start_from))
        folders = {name: path for name, path in folder.parts.items() if name != "line_network"}
        wanted = [
            name
            for name, path in folders.items()
            if name in NEEDED[stage] or not config.link_unchanged or path.is_file()
        ]
        parts = load_parts(folder, parts=wanted)
        settings = settings_of(folder)
    if getattr(config, "drafts", None):
        from longanimation.models import CorrespondenceMemory
        from longanimation.training.drafts import memory_folder

        memory = CorrespondenceMemory.from_pretrained(memory_folder(config.drafts), local_files_only=True)
        parts["correspondence"] = memory.float()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.seed)
        for name, values in config.model.items():
            if name == "settings":
                settings = WindowSettings.from_dict(values)
            elif name not in parts:
                parts[name] = new_part(name, values)
                if name == "transformer" and "correspondence" in parts:  # begins as the draft, see pipeline.draft
                    torch.nn.init.zeros_(parts[name].proj_out.weight)
                    torch.nn.init.zeros_(parts[name].proj_out.bias)
        _fill_up(parts)
    _check(stage, config, parts)
    return StartingPoint(parts, folders, settings)


def empty_parts(stage: str, config: StageConfig) -> StartingPoint:
    """`open_parts` without values, on the meta device. Nothing need be fetched for `start_from` "5b"."""
    from accelerate import init_empty_weights

    from longanimation.weights import working_memory

    parts = {}
    with init_empty_weights():
        if config.start_from == "tiny":
            from longanimation.weights.tiny import tiny_parts

            parts = {name: part for name, part in tiny_parts(config.seed).items() if isinstance(part, torch.nn.Module)}
        elif config.start_from in MODELS and not _folder(config.start_from).exists():
            parts = dict(working_memory.empty_parts(config.start_from))
        elif config.start_from:
            from longanimation.weights.parts import open_part

            folder = open_model_folder(_folder(config.start_from))
            parts = {name: open_part(folder, name).module for name in folder.parts if name in NETWORKS}
        for name, values in config.model.items():
            if name != "settings" and name not in parts:
                parts[name] = new_part(name, values)
        _fill_up(parts)
    parts.pop("line_network", None)
    if "text_encoder" in parts:  # one table, which counts once
        parts["text_encoder"].set_input_embeddings(parts["text_encoder"].shared)
    _check(stage, config, parts | {"tokenizer": None})
    return StartingPoint(parts, {}, WindowSettings())


def _check(stage: str, config: StageConfig, parts: Mapping) -> None:
    missing = [name for name in (*NEEDED[stage], *config.train) if name not in parts]
    if missing:
        raise InputError(
            f"stage {stage} has no {', '.join(dict.fromkeys(missing))}: name a model folder that holds them "
            "(start_from), or give their configs (model)"
        )
    wrong = [name for name in config.train if name not in NETWORKS]
    if wrong:
        raise InputError(f"{', '.join(wrong)} cannot be trained; parts are {', '.join(NETWORKS)}")
    for name in set(parts) & set(NETWORKS):
        parts[name].eval().requires_grad_(False)


def _folder(start_from: str) -> Path:
    """The folder of a model, or where `longanimation weights fetch` puts it."""
    path = Path(start_from)
    return default_folder(start_from) if start_from in MODELS and not path.exists() else path


def new_part(name: str, values: Mapping) -> torch.nn.Module:
    """A part with random values; values: its config. tokenizer: `{words: drawn}`, the words of drawn scenes."""
    if name == "tokenizer" and values == {"words": "drawn"}:
        from longanimation.data.synth.sentences import vocabulary
        from longanimation.training.word_tokenizer import word_tokenizer

        return word_tokenizer(vocabulary())
    if name not in NETWORKS:
        raise InputError(f"model has an unknown part {name}; parts are {', '.join(NETWORKS)}, and settings")
    try:
        if name == "text_encoder":
            from transformers import T5Config, T5EncoderModel

            return T5EncoderModel(T5Config(**values))
        values = dict(values)
        return model_class(name, values.pop("_class_name", None))(**values)
    except TypeError as error:
        raise InputError(f"model: the config of {name} cannot be used: {error}") from error


def _fill_up(parts: dict) -> None:
    """Parts that follow from others or have nothing to learn."""
    if "transformer" in parts and "sketch_dit" not in parts:
        parts["sketch_dit"] = sketch_dit_from_transformer(parts["transformer"])
    if "text_encoder" in parts and "tokenizer" not in parts:
        from transformers import ByT5Tokenizer

        parts["tokenizer"] = ByT5Tokenizer(extra_ids=0)
    if "scheduler" not in parts:
        from longanimation.pipeline.scheduler import SegmentScheduler

        parts["scheduler"] = SegmentScheduler.published()
    if "memory_encoder" in parts and "memory" not in parts and "transformer" in parts:
        from longanimation.models import DynamicGlobalLocalMemory

        config = parts["transformer"].config
        dim = config.num_attention_heads * config.attention_head_dim
        depth = len(parts["memory_encoder"].config.memory_layers)
        parts["memory"] = DynamicGlobalLocalMemory(
            dim=dim, output_dim=dim, depth=depth, memory_dim=parts["memory_encoder"].kv_dim
        )


def sketch_dit_from_transformer(transformer, layers: int = 6):
    """A SketchDiT of the transformer's embeddings and first blocks, whose output is zero (the usual start of a control
    branch; the published training start is not documented, SPEC: "a leftover list of shards" points to it)."""
    from longanimation.models import SketchDiT

    config = {name: value for name, value in transformer.config.items() if not name.startswith("_")}
    sketch_dit = SketchDiT(**config | {"num_layers": min(layers, config["num_layers"])}).to(transformer.dtype)
    values = transformer.state_dict()
    sketch_dit.load_state_dict({name: values[name] for name in sketch_dit.state_dict() if name in values}, strict=False)
    return sketch_dit


def empty_copy(part: torch.nn.Module) -> torch.nn.Module:
    """Another network of the same config, in float32 on the CPU."""
    return type(part)(part.config) if hasattr(part, "get_encoder") else type(part).from_config(part.config)


class ModelWriter:
    """Writes `folder` in the hub layout: parts that do not change once, trained ones at every call.

    link: parts that were loaded from a folder become links to it.
    """

    def __init__(self, folder: Path, start: StartingPoint, trained: tuple[str, ...], *, link: bool = False):
        self.folder, self.start, self.trained, self.link = folder, start, trained, link

    def write(
        self, states: Mapping[str, Mapping[str, torch.Tensor]], changes: Mapping[str, dict] | None = None
    ) -> None:
        """states: new values of the trained parts, by part. changes: config entries that changed, by part."""
        make_folder(self.folder)
        for name in PARTS:
            if name in self.trained:
                with torch.random.fork_rng(devices=[]):
                    part = empty_copy(self.start.parts[name])
                part.load_state_dict(states[name])
                if changes and name in changes:
                    part.register_to_config(**changes[name])
                self._put(name, part.save_pretrained)
            elif self.link and name in self.start.folders and self.start.folders[name].is_dir():
                self._once(name, lambda path, name=name: os.symlink(self.start.folders[name].resolve(), path))
            elif name in self.start.parts:
                self._once(name, self.start.parts[name].save_pretrained)
        self._write_index()

    def _once(self, name: str, make) -> None:
        if not (self.folder / name).exists():
            self._put(name, make)

    def _put(self, name: str, make) -> None:
        """Make a folder under another name, then rename it."""
        path = self.folder / name
        temporary = path.with_name(f".{name}.{secrets.token_hex(4)}")
        make(temporary)
        if path.is_symlink():
            path.unlink()
        elif path.exists():
            old = path.with_name(f".{name}.{secrets.token_hex(4)}")
            os.rename(path, old)
            os.rename(temporary, path)
            shutil.rmtree(old)
            return
        os.rename(temporary, path)

    def _write_index(self) -> None:
        """model_index.json of `LongAnimationPipeline`, once the parts make a whole model."""
        if any(name not in self.start.parts for name in REQUIRED):
            return
        from longanimation.pipeline.pipeline import LongAnimationPipeline

        parts = {name: part for name, part in self.start.parts.items() if name in PARTS}
        LongAnimationPipeline(**parts, settings=self.start.settings).save_config(self.folder)
