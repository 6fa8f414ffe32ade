"""What is measured: ways to run the loop of a window, and the stages around it."""

from __future__ import annotations

from dataclasses import dataclass, field

from longanimation.models.video_xl_history import GLOBAL_FRAMES


@dataclass(frozen=True)
class Loop:
    """One way to run the denoising loop.

    Attributes:
        backend: attention backend of diffusers; None the default ("native"); "fastest" the fastest measured so far.
        compiled: blocks are compiled one by one (`_repeated_blocks`).
        eight_bits: weights are stored as float8 and computed in bfloat16.
        cache: "first block", "mag", "taylorseer" or "taylorseer lite".
        settings: changes of `SegmentSettings`.
        history: coloured frames in the memory; 0: the first window, no memory.
        exact: computes the same as the plain loop, so that the results can be compared.
    """

    name: str
    backend: str | None = None
    compiled: bool = False
    eight_bits: bool = False
    cache: str | None = None
    settings: dict = field(default_factory=dict)
    history: int = 0
    exact: bool = True

    @property
    def steps_at_once(self) -> int:
        """Steps of SketchDiT in one call."""
        return self.settings.get("control_steps_per_call", 1)

    @property
    def drops_guidance(self) -> bool:
        return self.settings.get("guidance_stop", 1) < 1


@dataclass(frozen=True)
class Stage:
    """A stage beside the loop. kind: "decode", "encode" or "remember"; `before`: coloured frames in the memory."""

    name: str
    kind: str
    tiles: bool = False
    before: int = 0


PLAIN = "plain"
GUIDANCE_STOP = 0.5
"""Where the late drop of the negative half is tried: nobody has measured yet how late is late enough."""


def all_variants(new_frames: int) -> list[Loop | Stage]:
    """All of them, those first that are worth most if time runs out. new_frames: frames a window adds to the shot."""
    ahead = {"control_ahead": True}
    stages = [
        Stage("VAE decode", "decode"),
        Stage("VAE decode, tiles", "decode", tiles=True),
        Stage("VAE encode of the lines", "encode"),
        Stage("VAE encode of the lines, tiles", "encode", tiles=True),
        Stage("memory encoder, second window", "remember", before=0),
        Stage("memory encoder, full history", "remember", before=GLOBAL_FRAMES - new_frames),
    ]
    return [
        Loop(PLAIN),
        Loop("attention _native_cudnn", backend="_native_cudnn"),
        Loop("compiled", compiled=True),
        Loop("SketchDiT ahead", settings=ahead),
        Loop("SketchDiT ahead, 2 steps a call", settings={**ahead, "control_steps_per_call": 2}),
        Loop("SketchDiT ahead, 4 steps a call", settings={**ahead, "control_steps_per_call": 4}),
        Loop("SketchDiT ahead, kept on the CPU", settings={**ahead, "control_store": "cpu"}),
        Loop("float8 storage", eight_bits=True),
        Loop("first-block cache", cache="first block", exact=False),
        Loop("MagCache", cache="mag", exact=False),
        Loop("TaylorSeer cache", cache="taylorseer", exact=False),
        Loop("TaylorSeer cache, lite", cache="taylorseer lite", exact=False),
        Loop("negative half dropped late", settings={"guidance_stop": GUIDANCE_STOP}, exact=False),
        Loop("memory, second window", history=new_frames, exact=False),
        Loop("memory, full history", history=GLOBAL_FRAMES, exact=False),
        *stages,
        *(Loop(f"attention {name}", backend=name) for name in attention_backends() if name != "_native_cudnn"),
        Loop("attention flex, compiled", backend="flex", compiled=True),
        Loop("compiled, fastest attention", backend="fastest", compiled=True),
    ]


def attention_backends() -> list[str]:
    """All that diffusers' dispatcher offers except the default, whether usable here or not; torch's own first."""
    from diffusers.models.attention_dispatch import _AttentionBackendRegistry

    names = [backend.value for backend in _AttentionBackendRegistry.list_backends()]
    return sorted((name for name in names if name != "native"), key=lambda name: "native" not in name)
