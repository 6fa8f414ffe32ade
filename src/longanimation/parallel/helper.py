"""A helping process: it holds the denoising networks and computes its part of every step that the leader begins."""

from __future__ import annotations

import signal

import torch

from longanimation.parallel.layout import Layout
from longanimation.parallel.messages import Exit, Load, Split, Step, Window, hand_round_conditions
from longanimation.parallel.part import exchange, own_part, split_networks
from longanimation.parallel.team import Team
from longanimation.pipeline.prediction import SegmentNetworks


def help_the_leader(team: Team) -> int:
    """Do what the leader says until the run is over; returns the leader's exit code.

    Ctrl-C and the terminate signal are left to the leader. Raises InputError if the model cannot be loaded here though
    the leader could.
    """
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    networks, layout, message = None, None, team.hear()
    while not isinstance(message, Exit):
        if isinstance(message, Window):
            message = _help_with(team, message, networks, layout)
            continue
        if isinstance(message, Load):
            networks, layout = load_networks(message, team.device), message.layout
        elif isinstance(message, Split):
            split_networks(networks, layout, uneven=message.uneven)
        message = team.hear()
    return message.code


def _help_with(team: Team, window: Window, networks: SegmentNetworks, layout: Layout):
    """Help with one window; returns the message after it."""
    conditions = hand_round_conditions(team, window.conditions)
    guided_steps = window.settings.guided_steps(conditions.negative_prompt_embeds is not None)
    own = own_part(layout, team.rank, networks, conditions, window.settings, window.timesteps)
    latents = torch.empty(conditions.image_latents.shape, dtype=window.latents, device=team.device)
    while isinstance(step := team.hear(), Step):
        guided = step.index < guided_steps
        team.hand_round(latents)
        idle = layout.computes_negative_half(team.rank) and not guided
        mine = latents.float() if idle else own.predict(step.index, latents)
        if layout.guidance == 2 and guided:
            exchange(team, layout, mine)
    return step


def load_networks(wanted: Load, device: torch.device) -> SegmentNetworks:
    """The networks that denoise, on `device`. Raises InputError."""
    from longanimation.weights.placement import Placement, Residence

    names = ("transformer", "sketch_dit", "memory")
    if wanted.folder == "tiny":
        from longanimation.weights.tiny import tiny_parts

        parts = tiny_parts()
    else:
        from longanimation.weights.load import load_parts
        from longanimation.weights.model_folder import open_model_folder

        folder = open_model_folder(wanted.folder)
        folder.require(*names[:2])
        parts = load_parts(folder, parts=[name for name in names if name in folder.parts])
    parts = {name: parts[name] for name in names if name in parts}
    Residence(parts, wanted.placement or Placement("resident", "none"), device, wanted.dtype)
    return SegmentNetworks(parts["transformer"], parts["sketch_dit"], parts.get("memory"))
