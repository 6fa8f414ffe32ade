"""Do prompts change the background and not the character?

python benchmarks/prompt_effect.py --model mini --scenes 6
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict

from longanimation import colorize
from longanimation.evaluation.methods import open_window
from longanimation.evaluation.prompt_effect import measure_prompt_effect


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="mini")
    parser.add_argument("--scenes", type=int, default=6)
    parser.add_argument("--steps", type=int, default=None)
    given = parser.parse_args()

    def colour(shot, prompt):
        window = open_window(given.model, shot=shot.scene.size, finish="none", steps=given.steps)
        return colorize(shot.drawings, shot.references, prompt, model=window, lines_mode="drawn")

    effect = measure_prompt_effect(colour, range(given.scenes))
    print(json.dumps({**asdict(effect), "passed": effect.passed}))
    return 0 if effect.passed else 1


if __name__ == "__main__":
    sys.exit(main())
