"""What the correspondence memory hands to the diffusion networks, and what they make of it."""

import numpy as np
import pytest
import torch

from longanimation.cel import composite
from longanimation.data.synth import Scene
from longanimation.lines.drawing import LineDrawing
from longanimation.models import FrameStackAutoencoder
from longanimation.pipeline.diffusion_window import DiffusionWindow, where_unknown
from longanimation.pipeline.draft import Draft, make_draft
from longanimation.presets import load_window_model
from longanimation.shot.plan import plan_segments
from longanimation.shot.window import Reference
from longanimation.training.recipes import read_recipe
from longanimation.training.run_stage import run_stage


def some_draft(sure: float) -> Draft:
    torch.manual_seed(1)
    return Draft(torch.randn(1, 2, 3, 4, 4), torch.full((1, 2, 1, 4, 4), sure))


def clean_of(v: torch.Tensor, noisy: torch.Tensor, alpha: float) -> torch.Tensor:
    return alpha**0.5 * noisy - (1 - alpha) ** 0.5 * v


@pytest.mark.parametrize("alpha", [0.0, 0.3, 0.9, 0.999])
def test_networks_that_know_the_truth_are_understood(alpha):
    draft, clip, noise = some_draft(0.7), torch.randn(1, 2, 3, 4, 4), torch.randn(1, 2, 3, 4, 4)
    noisy = alpha**0.5 * clip + (1 - alpha) ** 0.5 * noise
    v = alpha**0.5 * noise - (1 - alpha) ** 0.5 * clip
    z = draft.subtract(noisy, alpha)
    guess = draft.restore(torch.zeros_like(z), z, alpha)
    says = (v - guess) / (draft.restore(torch.ones_like(z), z, alpha) - guess)
    torch.testing.assert_close(draft.restore(says, z, alpha), v)
    assert says.std() < 2


@pytest.mark.parametrize("alpha", [0.0, 0.3, 0.9])
def test_networks_that_say_nothing_keep_to_a_sure_draft_more_than_to_an_unsure_one(alpha):
    apart = {}
    for sure in (0.0, 1.0):
        draft = some_draft(sure)
        noise = torch.randn(draft.latents.shape, generator=torch.Generator().manual_seed(0))
        noisy = alpha**0.5 * (draft.latents + 1) + (1 - alpha) ** 0.5 * noise
        z = draft.subtract(noisy, alpha)
        apart[sure] = (
            (clean_of(draft.restore(torch.zeros_like(z), z, alpha), noisy, alpha) - draft.latents).abs().mean()
        )
    assert apart[1.0] < 0.9 * apart[0.0] if alpha else apart[0.0] == apart[1.0] == 0


@pytest.mark.parametrize("alpha", [0.0, 0.5])
def test_the_same_words_of_the_networks_change_a_sure_draft_less(alpha):
    changes = []
    for sure in (0.0, 0.9, 1.0):
        draft = some_draft(sure)
        guess, changed = (
            draft.restore(fill(draft.latents), draft.latents, alpha) for fill in (torch.zeros_like, torch.ones_like)
        )
        changes.append(float((changed - guess).abs().mean()))
    assert changes[0] > changes[1] > 2 * changes[2] > 0


def test_the_reference_slot_is_its_own_draft_and_sureness_is_pooled():
    vae = FrameStackAutoencoder(latent_channels=4, block_out_channels=(8, 8)).eval()
    sure = torch.zeros(1, 5, 16, 16)
    sure[:, 1:3, :, 8:] = 1
    slot = torch.full((1, 1, 4, 2, 2), 7.0)
    draft = make_draft(vae, torch.zeros(1, 3, 5, 16, 16), sure, slot)
    assert draft.hint.shape == (1, 3, 5, 2, 2)
    assert (draft.latents[:, 0] == 7).all() and (draft.sure[:, 0] == 1).all()
    assert draft.sure[0, 1:, 0].tolist() == [[[0, 0], [0, 0]], [[0, 0.5], [0, 0.5]]]


# ---------------------------------------------------------------------- a whole model with a correspondence memory


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The mini recipe's sketch stage, one step on toy pictures."""
    return toy_run("sketch", tmp_path_factory.mktemp("mini"))


def toy_run(stage: str, base, **changes):
    """One step of the mini recipe; returns the model folder."""
    config = read_recipe(
        stage, "mini", output=str(base / stage), cache=str(base / "cache"), steps=1, size=[32, 48], frames=9,
        batch_size=2, workers=0, precision="no", draft_side=64, distinct=2, trackers=[], sample_steps=1, log_steps=1,
        data=[{"shots": 2, "frames": 14, "size": [32, 48], "look": "painted"}], **changes,
    )  # fmt: skip
    assert np.isfinite(run_stage(stage, config)["loss"])
    return base / stage / "model"


@pytest.fixture()
def shot():
    scene = Scene.random(3, frames=25, size=(32, 48), look="painted", references=[("key_frame", 0)])
    frames = [scene.render(index) for index in range(25)]
    drawings = [LineDrawing(frame.lines, frame.traces, frame.ink) for frame in frames]
    return drawings, [Reference(scene.painted(frames[0]), drawings[0], 0, "key")]


def windows(window: DiffusionWindow, drawings):
    for segment in plan_segments(len(drawings), window=window.window, overlap=window.overlap):
        yield segment, [drawings[index] for index in segment.indices]


def test_training_leaves_a_model_that_holds_the_correspondence_memory(folder):
    window = load_window_model(folder, finish="none")
    assert isinstance(window, DiffusionWindow)
    assert window.pipeline.correspondence is not None
    assert window.pipeline.sketch_dit.config.in_channels == 3 * 32 + 1


def test_memory_and_reward_start_from_it(folder, tmp_path):
    memory = toy_run("memory", tmp_path, start_from=str(folder), history=4, local_frames=2)
    reward = toy_run("reward", tmp_path, start_from=str(memory), history=4, local_frames=2)
    window = load_window_model(reward, finish="none")
    assert window.pipeline.memory is not None and window.pipeline.correspondence is not None


def test_the_memory_sees_the_frames_as_they_are_shown(folder, shot, tmp_path):
    drawings, references = shot
    window = load_window_model(toy_run("memory", tmp_path, start_from=str(folder), history=4), finish="none")
    torch.nn.init.zeros_(window.pipeline.transformer.proj_out.weight)  # what is shown is the draft
    torch.nn.init.zeros_(window.pipeline.transformer.proj_out.bias)
    state = window.begin(references, size=(32, 48), prompt="", seed=0)
    segment, first = next(windows(window, drawings))
    (_, _, drafts), _ = window._drafts.make(first, state.drafts, segment, window.overlap)
    _, state = window.colour(first, window.begin(references, size=(32, 48), prompt="", seed=0), segment=segment)
    kept = window._for_memory(window._canvas.colours(list(drafts)))[: segment.keep_stop]
    expected = window.pipeline.memory_encoder.features(kept)[0]
    torch.testing.assert_close(torch.stack(state.history.features), expected, atol=0.02, rtol=0.02)


def test_networks_that_say_nothing_leave_the_draft_as_it_is(folder, shot):
    drawings, references = shot
    window = load_window_model(folder, finish="none")
    torch.nn.init.zeros_(window.pipeline.transformer.proj_out.weight)
    torch.nn.init.zeros_(window.pipeline.transformer.proj_out.bias)
    window.pipeline.settings = window.pipeline.settings.with_options(_options(steps=1))
    state = window.begin(references, size=(32, 48), prompt="", seed=0)
    segment, first = next(windows(window, drawings))
    frames, _ = window.colour(first, state, segment=segment)
    alone = window._drafts._window
    copied = alone.draft(first, alone.begin(references, size=(32, 48)))
    for frame, (colors, _), drawing in zip(frames, copied, first, strict=True):
        assert np.abs(frame.astype(int) - composite(colors, drawing.ink)).max() <= 1


def test_a_shot_goes_on_from_a_checkpoint_with_the_same_bytes(folder, shot):
    drawings, references = shot
    made = {}
    for resumed in (False, True):
        window = load_window_model(folder, finish="none", options=_options(steps=2))
        state = window.begin(references, size=(32, 48), prompt="", seed=0)
        for segment, part in windows(window, drawings):
            if resumed:
                tensors = {name: value.clone() for name, value in window.state_to_tensors(state).items()}
                window = load_window_model(folder, finish="none", options=_options(steps=2))
                window.begin(references, size=(32, 48), prompt="", seed=0)
                state = window.state_from_tensors(tensors)
            frames, state = window.colour(part, state, segment=segment)
            made.setdefault(resumed, []).extend(frames)
    assert len(made[False]) > 25
    assert all(np.array_equal(a, b) for a, b in zip(made[False], made[True], strict=True))


def test_the_next_window_s_drafts_carry_on_what_the_networks_made(folder, shot):
    drawings, references = shot
    window = load_window_model(folder, finish="none")
    window.begin(references, size=(32, 48), prompt="", seed=0)
    (one, first), (two, second), *_ = windows(window, drawings)
    green = [np.full((32, 48, 3), (0, 200, 0), np.uint8)] * len(first)
    unlike = []
    for follows in (False, True):
        maker = window._drafts
        (plain, sure, _), drafts = maker.make(first, maker.begin(references, window._canvas), one, window.overlap)
        if follows:
            drafts = maker.follow(drafts, first, green, one)
            drafts = maker.from_tensors(maker.to_tensors(drafts))
        (colours, sure, large), _ = maker.make(second, drafts, two, window.overlap)
        unlike.append(np.abs(large.astype(float) - green[0]).mean((1, 2, 3)))
    shared = window.overlap
    assert (unlike[1][:shared] == 0).all() and (sure[:shared] > 250).all()
    assert unlike[1][shared] < 0.5 * unlike[0][shared] and sure[shared].mean() > 200


def test_what_is_painted_is_smooth_and_stays_where_nothing_is_known():
    squares = np.kron(np.indices((6, 8)).sum(0) % 2, np.ones((8, 8))).astype(np.float32)[..., None].repeat(3, 2)
    sure = np.zeros(squares.shape[:2], np.uint8)
    sure[:, 32:] = 255
    smooth = where_unknown(squares, sure)
    assert (smooth[:, 32:] == 0).all()
    assert np.abs(np.diff(smooth[:, :32], axis=1)).max() < 0.2 < np.ptp(smooth[:, :32])
    even = where_unknown(np.full_like(squares, 3), sure)
    np.testing.assert_allclose(even[:, :32], 3, rtol=1e-5)


def test_what_latents_mix_beside_the_known_does_not_glow():
    sure = np.zeros((48, 64), np.uint8)
    sure[:, 32:] = 255
    change = np.full((48, 64, 3), 10, np.float32)
    change[:, 28:32] = 90
    painted = where_unknown(change, sure)
    np.testing.assert_allclose(painted[:, :32], 10, atol=1.5)
    alone = where_unknown(change[:, 28:36], sure[:, 28:36])  # nothing farther away
    np.testing.assert_allclose(alone[:, :4], 90, atol=1)


def _options(**values):
    from longanimation.model_options import ModelOptions

    return ModelOptions(**values)
