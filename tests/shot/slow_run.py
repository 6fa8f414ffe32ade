"""A run in a process of its own, slow enough to be killed: python slow_run.py INPUT REFERENCE OUTPUT"""

import sys
import time
from pathlib import Path

from running_mix import RunningMix
from tiny_shots import opened

from longanimation.shot import Interrupted, ShotSettings, run_shot


class SlowMix(RunningMix):
    def colour(self, drawings, state, *, segment):
        time.sleep(0.004 * len(drawings))
        return super().colour(drawings, state, segment=segment)


shot, reference, output = map(Path, sys.argv[1:])
try:
    report = run_shot(*opened(shot, reference), SlowMix(), output, ShotSettings("drawn"), resume=True)
except Interrupted as stopped:
    sys.exit(stopped.exit_code)
print(report.resumed_from)
