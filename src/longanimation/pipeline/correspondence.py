"""The mini window model: colours by correspondence alone, frame after frame."""

import hashlib
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
import torch

from longanimation.cel import Palette, RegionTracker, composite, extract_palette
from longanimation.cel.line_mask import line_mask
from longanimation.cel.segment import is_broken
from longanimation.errors import InputError
from longanimation.lines import read_lines
from longanimation.lines.drawing import LineDrawing
from longanimation.lines.erase import erase_lines
from longanimation.lines.flow import Carried
from longanimation.lines.paper import blank_paper
from longanimation.models.correspondence_memory import CorrespondenceMemory
from longanimation.models.memory_bank import MemoryBank
from longanimation.models.region_matcher import RegionMatcher
from longanimation.pipeline.cel_painter import CelPainter, CelSettings
from longanimation.pipeline.framing import Framing, frame_content, holds
from longanimation.pipeline.region_memory import RegionMemory
from longanimation.pipeline.region_painter import RegionPainter
from longanimation.pipeline.soft_painter import SoftPainter, unknown_share
from longanimation.shot.finish import FINISHES, check_finish, choose_finish
from longanimation.shot.plan import Segment
from longanimation.shot.window import Reference

_STATE = 3  # what `state_to_tensors` writes; another number is not resumed
_SHEET_BLANK = 0.25  # share of a sheet that is blank paper, at least
_SHEET_RIM = 0.8  # share of its edge that has one colour, at least, if its paper is not white


@dataclass(frozen=True)
class CorrespondenceSettings:
    """finish: see `choose_finish`. window: frames that are read before any of them is painted; with the cel finish they
    are decided together.

    side, soft_side: longer side in pixels at which drawings are looked at, for the cel finish and for the soft one
    (there 512 instead of 256 gained 0.5 dB on painted shots, most of it on one of them, and took 4.6 times as long).
    history: whether coloured frames are remembered: cells of them for the cel finish; for the soft one the picture
    before is carried along (cells of it in the bank as well were 0.2 dB worse on painted shots, and took three times
    as long). global_rows: most cells remembered of the frames before the last two.
    """

    finish: str = "auto"
    window: int = 24
    side: int = 512
    soft_side: int = 256
    history: bool = True
    global_rows: int = 4096
    cel: CelSettings = CelSettings()


@dataclass
class CorrespondenceState:
    """Everything that changes from frame to frame."""

    bank: MemoryBank | RegionMemory
    tracker: RegionTracker
    framing: Framing | None = None
    finish: str | None = None
    inked: bool | None = None  # of the soft finish: the line goes on top, so colours are those below it
    carried: Carried = field(default_factory=Carried)


class CorrespondenceWindow:
    """A `WindowModel`: the correspondence memory with the cel or the soft finish."""

    overlap = 0
    reuse_identical = True

    def __init__(
        self,
        memory: CorrespondenceMemory,
        settings: CorrespondenceSettings | None = None,
        matcher: RegionMatcher | None = None,
    ):
        """matcher: decides the regions of the cel finish together; without it each region is voted on alone."""
        self.matcher = None if matcher is None else matcher.float().eval()
        self.memory = memory.float().eval().to(memory_format=torch.channels_last)
        self.settings = settings or CorrespondenceSettings()
        self.window = self.settings.window
        check_finish(self.settings.finish)
        self.ignored: tuple[str, ...] = ()
        """Options that the user gave for other models; `notes` will say so."""
        self.notes: list[str] = []

    @classmethod
    def from_pretrained(cls, folder: str | Path, **settings) -> "CorrespondenceWindow":
        """folder: as `CorrespondenceMemory.save_pretrained` writes it; a folder `region_matcher` beside it, trained for
        these weights, is read as well. settings: of `CorrespondenceSettings`."""
        memory = CorrespondenceMemory.from_pretrained(folder, local_files_only=True)
        beside = Path(folder).parent / "region_matcher"
        matcher = RegionMatcher.from_pretrained(beside, local_files_only=True) if beside.is_dir() else None
        return cls(memory, CorrespondenceSettings(**settings), matcher)

    def fingerprint(self) -> dict:
        digest = hashlib.sha256()
        weights = self.memory.state_dict() | (self.matcher.state_dict(prefix="matcher.") if self.matcher else {})
        for name, value in sorted(weights.items()):
            digest.update(name.encode() + value.contiguous().numpy().tobytes())
        made = {"model": "correspondence", "state": _STATE, "weights": digest.hexdigest()[:16]}
        return made | asdict(self.settings)

    def begin(
        self, references: list[Reference], *, size: tuple[int, int], prompt: str = "", seed: int = 0
    ) -> CorrespondenceState:
        """Reads the references. The prompt and the seed have no effect: nothing is drawn at random, and what no
        reference shows is not invented. `notes` says so if they were given."""
        if not references:
            raise InputError("no reference given: name at least one coloured picture")
        self._size, self._references = size, references
        ignored = dict.fromkeys([*(["prompt"] if prompt else []), *(["seed"] if seed else []), *self.ignored])
        self.notes = (
            [f"no effect with this model, which copies the references: {', '.join(ignored)}"] if ignored else []
        )
        images, lines = [r.image for r in references], [r.drawing.lines for r in references]
        self._palette: Palette = extract_palette(images, lines)
        return CorrespondenceState(self._new_bank(), RegionTracker())

    def colour(
        self, drawings: list[LineDrawing], state: CorrespondenceState, *, segment: Segment
    ) -> tuple[list[np.ndarray], CorrespondenceState]:
        if drawings and state.finish is None:
            state.finish = choose_finish(self.settings.finish, self._palette, extracted=drawings[0].extracted)
        if state.finish != "cel":
            frames = []
            for drawing, (colors, _) in zip(drawings, self.draft(drawings, state), strict=True):
                painted = self._as_painted(drawing)
                colors = colors if painted is None else painted
                frames.append(colors if drawing.extracted else composite(colors, drawing.ink))
            return frames, state
        self._look_at(drawings, state)
        painted = [self._as_painted(drawing) for drawing in drawings]
        return self._cel().color(state.bank, state.tracker, drawings, state.framing, painted), state

    def draft(self, drawings: list[LineDrawing], state: CorrespondenceState) -> list[tuple[np.ndarray, np.ndarray]]:
        """Soft colours of each drawing, uint8 [H, W, 3], and how sure they are, uint8 [H, W]. Where the lines of the
        shot are drawn, not extracted, they are the paint below the line: the line is put on top later."""
        if drawings and state.inked is None:
            state.inked = not drawings[0].extracted
        self._look_at(drawings, state)
        found = []
        for drawing in drawings:
            painted = self._as_painted(drawing)
            colors, sure = self._soft().color(state.bank, drawing.lines, state.framing)
            if painted is not None:
                colors = erase_lines(painted, drawing.lines) if state.inked else painted
                sure = np.full_like(sure, 255)
                state.carried.start(drawing.lines, colors, sure)
            elif self.settings.history:
                colors = state.carried.blend(drawing.lines, colors, unknown_share(sure))
                sure = sure if state.carried.known is None else np.maximum(sure, state.carried.known)
            found.append((colors, sure))
        return found

    def _look_at(self, drawings: list[LineDrawing], state: CorrespondenceState) -> None:
        lines = [drawing.lines for drawing in drawings]
        if lines and (state.framing is None or not all(holds(state.framing, drawing) for drawing in lines)):
            self._frame_anew(state, lines)

    def _as_painted(self, drawing: LineDrawing) -> np.ndarray | None:
        """The key frame that shows this very drawing, wherever in the shot the drawing comes first."""
        for reference in self._references:
            if reference.frame is not None and np.array_equal(reference.drawing.lines, drawing.lines):
                return reference.image
        return None

    def _cel(self) -> CelPainter | RegionPainter:
        if self.matcher is not None:
            return RegionPainter(self.memory, self._palette)
        return CelPainter(self.memory, self._palette, self.settings.cel)

    def _soft(self) -> SoftPainter:
        behind = next((reference.image for reference in self._references if reference.background), None)
        return SoftPainter(self.memory, self._palette, behind)

    def state_to_tensors(self, state: CorrespondenceState) -> dict[str, torch.Tensor]:
        tensors = state.bank.history_to_tensors()
        tensors |= {f"tracker.{name}": torch.from_numpy(np.array(v)) for name, v in state.tracker.state().items()}
        if state.finish is not None:
            tensors["finish"] = torch.tensor(FINISHES.index(state.finish))
        if state.inked is not None:
            tensors["inked"] = torch.tensor(state.inked)
        if state.carried.lines is not None:
            tensors["carried.lines"] = torch.from_numpy(state.carried.lines)
            tensors["carried.colors"] = torch.from_numpy(state.carried.colors)
        for name in ("known", "ground"):
            if getattr(state.carried, name) is not None:
                tensors[f"carried.{name}"] = torch.from_numpy(getattr(state.carried, name))
        if state.framing is not None:
            tensors["framing"] = torch.tensor([*state.framing.box, state.framing.height, state.framing.width])
        return {name: value.clone().contiguous() for name, value in tensors.items()}

    def state_from_tensors(self, tensors: dict[str, torch.Tensor]) -> CorrespondenceState:
        state = CorrespondenceState(self._new_bank(), RegionTracker())
        if "finish" in tensors:
            state.finish = FINISHES[int(tensors["finish"])]
        if "inked" in tensors:
            state.inked = bool(tensors["inked"])
        if "framing" in tensors:
            *box, height, width = tensors["framing"].tolist()
            state.framing = Framing(tuple(box), height, width)
            state.bank = self._new_bank(state.finish)
            self._read_references(state)
        state.bank.history_from_tensors(tensors)
        if "carried.lines" in tensors:
            carried = [tensors.get(f"carried.{name}") for name in ("lines", "colors", "known", "ground")]
            state.carried.start(*(None if part is None else part.numpy() for part in carried))
        tracker = {n.removeprefix("tracker."): v.numpy() for n, v in tensors.items() if n.startswith("tracker.")}
        state.tracker = RegionTracker.from_state(tracker)
        return state

    def _new_bank(self, finish: str | None = None) -> MemoryBank | RegionMemory:
        settings = self.settings
        if finish == "cel" and self.matcher is not None:
            return RegionMemory(self.memory, self.matcher, colors=self._palette.colors, history=settings.history)
        history = settings.history and finish == "cel"
        return self.memory.new_bank(
            local_frames=2 if history else 0,
            global_rows=settings.global_rows if history else 0,
            max_local_rows=4096,
        )

    def _frame_anew(self, state: CorrespondenceState, lines: list[np.ndarray]) -> None:
        """Look at the part of the page that is drawn on. History keeps its keys: they hardly depend on the framing."""
        if state.framing is not None:
            y0, x0, y1, x1 = state.framing.box
            seen = np.full(lines[0].shape, 255, np.uint8)
            seen[y0, x0:x1] = seen[y1 - 1, x0:x1] = 0
            seen[y0:y1, x0] = seen[y0:y1, x1 - 1] = 0
            lines = [*lines, seen]
        state.framing = frame_content(lines, side=self._side(state))
        history = state.bank.history_to_tensors()
        state.bank = self._new_bank(state.finish)
        self._read_references(state)
        state.bank.history_from_tensors(history)

    def _is_placed(self, reference: Reference) -> bool:
        """Whether things stand in it where they stand in the shot. A picture without a number may be a frame if it is
        as large as the drawings and painted up to its edge; with one colour all around it is a sheet."""
        if reference.frame is not None or reference.background:
            return True
        if reference.image.shape[:2] != self._size or blank_paper(reference.image).mean() >= _SHEET_BLANK:
            return False
        image = reference.image
        edges = (image[:1], image[-1:], image[:, :1], image[:, -1:])
        rim = np.concatenate([self._palette.labels(edge).ravel() for edge in edges])
        return np.bincount(rim).max() < _SHEET_RIM * len(rim)

    def _side(self, state: CorrespondenceState) -> int:
        return self.settings.side if state.finish == "cel" else self.settings.soft_side

    def _read_references(self, state: CorrespondenceState) -> None:
        cel = state.finish == "cel"
        painter = self._cel() if cel else self._soft()
        shown = [reference for reference in self._references if cel or not reference.background] or self._references
        placed = [self._is_placed(reference) for reference in shown]
        options = {} if cel else {"with_ground": not any(placed)}
        for reference, in_place in zip(shown, placed, strict=True):
            lines = _lines_of(reference) if cel else reference.drawing.lines
            framing = state.framing if reference.frame is not None else frame_content([lines], side=self._side(state))
            image = erase_lines(reference.image, lines) if state.inked else reference.image
            painter.remember_reference(state.bank, image, lines, framing, in_place, **options)


def _lines_of(reference: Reference) -> np.ndarray:
    """uint8 [H, W]: by which lines the regions of a reference are read. A drawing in crumbs, which a machine extracted,
    has lost lines that the painted key frame still shows; but only the drawing has trace lines."""
    drawing = reference.drawing
    whole = reference.frame is None or drawing.extracted or drawing.traces.any()
    if whole or not is_broken(line_mask(drawing.lines)):
        return drawing.lines
    return read_lines(reference.image, "painted").lines
