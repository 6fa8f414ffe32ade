"""Colours one drawn shot in several ways and scores each."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from longanimation.evaluation.drawn_sets import DrawnSet
from longanimation.evaluation.metric_networks import MetricNetworks, load_metric_networks
from longanimation.evaluation.metrics import ShotScorer
from longanimation.evaluation.perceptual import FeatureStream, PerceptualScorer, ShotFeatures
from longanimation.evaluation.report import Report
from longanimation.evaluation.strips import Strip, strip_moments
from longanimation.evaluation.variants import Variant

LINES, TRUTH = "lines", "truth"


@dataclass
class Scored:
    """report, seconds (a frame) of a variant; features: {"frames", "clips"} of its result, None without networks."""

    report: Report
    seconds: float
    features: ShotFeatures | None


@dataclass
class ScoredShot:
    """variants: by name. truth: features of the truth, None without networks. strips: {name: uint8 [h, n * w, 3]}, a
    row of frames for the lines, the truth and each variant."""

    variants: dict[str, Scored]
    truth: ShotFeatures | None
    strips: dict[str, np.ndarray]


def score_shot(chosen: DrawnSet, seed: int, variants: Sequence[Variant], metrics: Sequence[str] = ()) -> ScoredShot:
    """Scores one shot of a set. Light variants run side by side, so that a frame is drawn once; video models alone."""
    networks = load_metric_networks(metrics) if metrics else MetricNetworks()
    light = [variant for variant in variants if not variant.is_heavy]
    groups = [group for group in (light, *([v] for v in variants if v not in light)) if group]
    result = ScoredShot({}, None, {})
    for group in groups:
        _score_group(chosen, seed, group, networks, result)
    return result


def _score_group(chosen: DrawnSet, seed: int, group: Sequence[Variant], networks: MetricNetworks, result: ScoredShot):
    shot = chosen.shot(seed)
    truth_stream = FeatureStream(networks)
    streams = {variant.name: variant.frames(shot) for variant in group}
    scorers = {
        name: ShotScorer(perceptual=PerceptualScorer(networks, truth_stream) if networks.names else None)
        for name in streams
    }
    seconds = dict.fromkeys(streams, 0.0)
    strips = {name: Strip() for name in (LINES, TRUTH, *streams)}
    moments = strip_moments(len(shot))
    for index in range(len(shot)):
        truth = shot.truth(index)
        if networks.names:
            truth_stream.add(truth.truth)
        if index in moments:
            strips[LINES].add(shot.lines[index])
            strips[TRUTH].add(truth.truth)
        for name, stream in streams.items():
            started = time.perf_counter()
            frame = next(stream)
            seconds[name] += time.perf_counter() - started
            scorers[name].add(frame, truth.truth, inside=truth.inside, regions=truth.regions, tracks=truth.tracks)
            if index in moments:
                strips[name].add(frame)
    if networks.names:
        result.truth = truth_stream.features()
    for name, scorer in scorers.items():
        features = scorer.perceptual.result.features() if scorer.perceptual is not None else None
        result.variants[name] = Scored(scorer.report(f"shot {seed}"), round(seconds[name] / len(shot), 4), features)
    result.strips |= {name: strip.picture() for name, strip in strips.items()}
