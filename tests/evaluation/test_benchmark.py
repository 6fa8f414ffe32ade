import json

import numpy as np
import pytest

from longanimation.cel import RegionTracker
from longanimation.data.synth import Scene
from longanimation.errors import InputError
from longanimation.evaluation.benchmark import run_benchmark
from longanimation.evaluation.drawn_shot import DrawnShot
from longanimation.evaluation.methods import METHODS
from longanimation.evaluation.metrics import ShotScorer
from longanimation.evaluation.reentry import ReentryPainter, reentry_markdown, score_reentries
from longanimation.models import CorrespondenceMemory
from longanimation.models.region_matcher import RegionMatcher

SMALL = {"frames": 2, "size": (72, 128), "seeds": [1, 2]}


@pytest.fixture(scope="module")
def memory():
    return CorrespondenceMemory(channels=(4, 8, 8, 12), layers=(1, 1, 1), num_heads=2, key_dim=8).eval()


@pytest.fixture(scope="module")
def model(memory, tmp_path_factory):
    folder = tmp_path_factory.mktemp("model")
    memory.save_pretrained(folder)
    return folder


def test_every_method_gives_every_frame_of_the_shot(model):
    shot = DrawnShot(Scene.random(3, split="test", frames=3, size=(72, 128), references=[("key_frame", 1)]))
    for method in METHODS.values():
        frames = list(method.frames(shot, model, 0))
        assert len(frames) == 3, method.name
        assert {frame.shape for frame in frames} == {(72, 128, 3)}, method.name


def test_the_model_of_the_package_hears_the_prompt_of_a_painted_shot():
    made = {}
    for backdrop in (("sea", "sunset", "clear"), ("forest", "night", "clear")):
        options = {"split": "test", "frames": 1, "size": (72, 128), "look": "painted"}
        scene = Scene.random(3, references=[("sheet", 0)], backdrop=backdrop, **options)
        made[backdrop[0]] = next(METHODS["model"].frames(DrawnShot(scene), "mini", 0))
    brighter = made["sea"].astype(float) - made["forest"]
    assert brighter.mean((0, 1))[0] > 10 and (made["sea"] == 255).all(2).mean() < 0.2


def test_the_true_colours_of_a_drawn_shot_score_full_marks():
    shot = DrawnShot(Scene.random(3, split="test", frames=3, size=(72, 128)))
    scorer = ShotScorer()
    for index in range(3):
        truth = shot.truth(index)
        scorer.add(truth.truth, truth.truth, inside=truth.inside, regions=truth.regions, tracks=truth.tracks)
    report = scorer.report()
    assert report.right == report.segment_accuracy == 1
    assert report.segments[1] > 10


def test_the_ceiling_is_the_truth_but_for_colours_that_no_reference_shows():
    def ceiling(references):
        options = {"split": "test", "frames": 40, "size": (72, 128), "background": True}
        scene = Scene.random(3, references=references, **options)
        frame = next(METHODS["ceiling"].frames(DrawnShot(scene), None, 0))
        return (frame == scene.painted(scene.render(0))).all(2).mean()

    assert ceiling([("key_frame", 0)]) == 1
    assert ceiling([("sheet", 0)]) < 0.95


def test_the_cel_ceiling_loses_what_no_closed_line_keeps_apart():
    shot = DrawnShot(Scene.random(3, split="test", frames=3, size=(144, 256), references=[("key_frame", 0)]))

    def right(method):
        picture = next(METHODS[method].frames(shot, None, 0))
        return (picture == shot.truth(0).truth).all(2)[shot.truth(0).inside].mean()

    assert 0.9 < right("cel ceiling") <= right("ceiling") == 1
    drawn = shot.frame(0)
    shot.frame(0).lines[:] = 255  # nothing drawn: all is one region
    commonest = np.bincount(drawn.labels.ravel()).max() / drawn.labels.size
    assert right("cel ceiling") == pytest.approx(commonest, abs=0.01)


def test_the_table_holds_every_method_and_every_shot(model, tmp_path):
    result = run_benchmark("drawn-14", model=model, methods=["copy", "flow + vote"], output=tmp_path, **SMALL)
    text = (tmp_path / "benchmark.md").read_text()
    assert text.count("| shot 1 |") == text.count("| shot 2 |") == 2
    stored = json.loads((tmp_path / "benchmark.json").read_text())
    assert stored["mean"]["copy"]["right"] == result.mean("copy").right
    assert set(stored["shots"]["flow + vote"]) == {"1", "2"}
    assert (tmp_path / "color_error.png").stat().st_size > 0


def test_an_interrupted_benchmark_scores_only_what_is_missing(model, tmp_path):
    done = []
    given = {"model": model, "output": tmp_path, "resume": True, **SMALL}
    first = run_benchmark("drawn-14", methods=["copy"], **given)
    run_benchmark("drawn-14", methods=["copy"], progress=lambda *progress: done.append(progress), **given)
    assert done == [(2, 2)]
    both = run_benchmark("drawn-14", methods=["copy", "flow"], **given)
    assert both.reports["copy"] == first.reports["copy"]
    assert set(both.reports) == {"copy", "flow"}


def test_unknown_sets_and_methods_name_the_known_ones(model):
    with pytest.raises(InputError, match="drawn-100"):
        run_benchmark("nothing")
    with pytest.raises(InputError, match="unknown method 'magic'.*copy"):
        run_benchmark("drawn-14", model=model, methods=["magic"])


def test_history_takes_up_the_true_colours_of_a_key_event_and_the_references_stay_alone_without_it(memory):
    shot = DrawnShot(
        Scene.random(3, split="test", frames=40, size=(72, 128), references=[("key_frame", 0)], reveal=True)
    )
    area = np.stack([np.bincount(shot.frame(i).labels.ravel(), minlength=len(shot.scene.palette)) for i in range(40)])
    area[:, area[0] > 0] = 0
    index, label = divmod(int(area.argmax()), area.shape[1])
    assert area[index, label] > 50
    for history in (False, True):
        painter = ReentryPainter(shot, memory, history=history)
        painter.learn(index, RegionTracker())
        _, values, _ = painter.bank.rows()
        assert bool(values[:, label].max() > 0.4) == history
        assert painter.color(index, RegionTracker()).shape == (72, 128, 3)
        painter = ReentryPainter(shot, memory, RegionMatcher(key_dim=memory.config.key_dim).eval(), history=history)
        painter.learn(index, RegionTracker())
        assert (painter.bank.local is not None) == history
        if history:
            assert painter.bank.local.labels[:, label].max() > 0.4


def test_shots_without_a_reentry_give_no_figure(memory):
    assert score_reentries([], memory) == {}
    assert "No re-entries" in reentry_markdown({})
