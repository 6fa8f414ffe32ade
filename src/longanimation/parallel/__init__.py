"""One shot on several processes, one GPU each: the first does the work of one, the others help it to denoise."""

from longanimation.parallel.helper import help_the_leader
from longanimation.parallel.layout import MODES, Layout, choose_layout
from longanimation.parallel.leader import share_pipeline
from longanimation.parallel.team import Team, current_team, joined

__all__ = [
    "MODES",
    "Layout",
    "Team",
    "choose_layout",
    "current_team",
    "help_the_leader",
    "joined",
    "share_pipeline",
]
