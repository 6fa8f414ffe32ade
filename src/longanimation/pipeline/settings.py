"""How shots are coloured with the diffusion model. Every known weakness of the published inference is one setting."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields, replace

from longanimation.errors import InputError
from longanimation.model_options import ModelOptions
from longanimation.pipeline.fusion import Fusion
from longanimation.pipeline.segment import SegmentSettings

QUALITY_SUFFIX = " High quality, masterpiece, best quality, highres, ultra-detailed, fantastic."

_CHOICES = {
    "noise": ("aligned", "window", "same"),
    "sketch_posterior": ("mean", "sample"),
    "reference_slot": ("own", "window"),
    "reference_fit": ("whole", "stretch"),
    "lines": ("drawing", "network"),
    "recent": ("history", "selection"),
    "memory_fit": ("center", "whole"),
}


@dataclass(frozen=True)
class WindowSettings:
    """Settings of a shot; in brackets what the published inference does (`WindowSettings.published()`).

    Attributes:
        denoising: the loop, see `SegmentSettings`.
        frames: frames per window, 8k + 1, so that one padding frame completes the latents [81].
        overlap: frames shared by neighbouring windows [16]. 17, because the latent frames of both windows then show
            the same moments; with 16 the fusion mixes pictures that are one frame apart.
        max_pixels: drawings larger than this are scaled down to it; sides are padded to multiples of 16 and cropped
            back. 576 x 1024 is the size that the published weights were trained at.
        size: (height, width): work at exactly this size, rounded up to multiples of 16, whatever `max_pixels` says;
            drawings are scaled to fit into it, padded, and cropped back. The paper's are 576 x 1024 and 768 x 1360.
        noise: "aligned": every latent frame of the shot has its own noise, the same in both windows that contain it;
            "window": every window has its own; ["same"]: all windows have the same, a likely cause of fixed patterns.
            With an overlap that is not 4k + 1, "aligned" cannot be and means "window".
        sketch_posterior: latents of drawings are the "mean" of the autoencoder's posterior; ["sample"] draws from
            the global random state, so that no run can be repeated.
        reference_slot: the lines beside the reference picture: its "own"; ["window"]: from the second window on the
            window's first drawing, which does not match the picture.
        reference_fit: "whole" keeps the reference's shape; ["stretch"] distorts it while its lines are not.
        lines: "drawing": the lines as read; ["network"]: put the drawing through the published line network.
        line_threshold: lighter than this is paper.
        quality_suffix: added to every prompt; the weights expect it.
        suffix_grows: [yes] adds it once more per window, until nothing else fits the text length.
        memory: use the memory of earlier windows from the second one on.
        memory_skips_first_frame: [yes] the published result lacks frame 0, so its memory does.
        recent: local memory: the last frames of the "history", or of the thinned ["selection"].
        memory_fit: what of each frame the memory sees: the ["center"] square, which the weights were trained with and
            which hides 44 % of the width at 576 x 1024; or the "whole" frame, squeezed to a square.
        line_free: the model paints what is below the line; it sees references without theirs.
        draft_side: longer side at which a correspondence memory looks at drawings, in models that have one.
        follow: there, the next window's drafts carry on this window's result, so that what the networks invented stays.
        prompts: pairs (frame, text): from that 0-based frame of the shot on, another prompt. A window has one, that of
            the middle of the frames it gives.
    """

    denoising: SegmentSettings = field(default_factory=SegmentSettings)
    frames: int = 81
    overlap: int = 17
    max_pixels: int = 576 * 1024
    size: tuple[int, int] | None = None
    noise: str = "aligned"
    sketch_posterior: str = "mean"
    reference_slot: str = "own"
    reference_fit: str = "whole"
    lines: str = "drawing"
    line_threshold: float = 0.78
    quality_suffix: str = QUALITY_SUFFIX
    suffix_grows: bool = False
    memory: bool = True
    memory_skips_first_frame: bool = False
    recent: str = "history"
    memory_fit: str = "center"
    line_free: bool = False
    draft_side: int = 256
    follow: bool = True
    prompts: tuple[tuple[int, str], ...] = ()

    def __post_init__(self):
        for name, allowed in _CHOICES.items():
            if getattr(self, name) not in allowed:
                raise InputError(f"{name} must be one of {', '.join(allowed)}, got {getattr(self, name)!r}")
        if self.frames % 8 != 1:
            raise InputError(f"a window of {self.frames} frames: the model takes 8k + 1 frames, such as 81, 49 or 17")
        if not 0 <= self.overlap < self.frames:
            raise InputError(f"a window of {self.frames} frames cannot overlap by {self.overlap}")
        if self.denoising.fusion is not None and self.overlap:
            first, tail = self.denoising.fusion.first_index, self.denoising.tail_frames
            if 4 * tail > self.overlap or first + tail > (self.frames - 1) // 4 + 2:
                raise InputError(
                    f"{tail} latent frames cannot be blended in an overlap of {self.overlap} of {self.frames} frames; "
                    f"at most {self.overlap // 4} (tail_frames)"
                )

    @classmethod
    def published(cls, **changes) -> WindowSettings:
        """The published inference, quirks included."""
        denoising = changes.pop("denoising", SegmentSettings.published())
        fixed = {
            "overlap": 16,
            "noise": "same",
            "sketch_posterior": "sample",
            "reference_slot": "window",
            "reference_fit": "stretch",
            "lines": "network",
            "suffix_grows": True,
            "memory_skips_first_frame": True,
            "recent": "selection",
        }
        return cls(denoising=denoising, **{**fixed, **changes})

    @property
    def noise_is_aligned(self) -> bool:
        """Whether windows begin at multiples of four frames, so that latent frames of the shot can share noise."""
        return self.noise == "aligned" and self.overlap % 4 == 1

    def with_options(self, options: ModelOptions) -> WindowSettings:
        """These settings with what the user asked for. Raises InputError for what cannot be."""
        loop = {"steps": options.steps, "guidance_scale": options.guidance}
        window = {"size": options.size, "memory": options.memory, "prompts": options.prompts or None}
        given = [{name: value for name, value in part.items() if value is not None} for part in (loop, window)]
        return replace(self, denoising=replace(self.denoising, **given[0]), **given[1])

    def prompt_for(self, frame: int, prompt: str, window: int) -> str:
        """The text of window number `window`, which `frame` of the shot stands for (`Segment.prompt_frame`)."""
        for start, text in sorted(self.prompts):
            if start <= frame:
                prompt = text
        return prompt + self.quality_suffix * (window + 1 if self.suffix_grows else 1)

    def to_dict(self) -> dict:
        """As JSON values; `from_dict` reads it."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict) -> WindowSettings:
        """Settings from `to_dict`. Raises InputError for names that do not exist."""
        values = dict(values)
        unknown = set(values) - {entry.name for entry in fields(cls)}
        if unknown:
            raise InputError(f"unknown settings: {', '.join(sorted(unknown))}")
        if isinstance(values.get("denoising"), dict):
            denoising = dict(values["denoising"])
            if isinstance(denoising.get("fusion"), dict):
                denoising["fusion"] = Fusion(**denoising["fusion"])
            values["denoising"] = SegmentSettings(**denoising)
        if values.get("size") is not None:
            values["size"] = tuple(values["size"])
        values["prompts"] = tuple((int(frame), str(text)) for frame, text in values.get("prompts", ()))
        return cls(**values)
