"""`python -m langrl_gui.core.kernels [LEARNER [restricted | scans | slips | outcomes]...]`: compile a loop.

Into the user's cache, the ordinary one of q-learning if nothing is named; says where that is.
"""

import sys

from langrl_gui.core import kernels, scenario
from langrl_gui.core.arrays import Variant
from langrl_gui.core.trainer import Trainer

learner, *asked = sys.argv[1:] or ["q-learning"]
kind = Trainer(scenario.load(scenario.built_in()["i-love-you"])).loop_kind
kernels.load(kind._replace(learner=learner, variant=Variant(**dict.fromkeys(asked, True))))
print(kernels.cache_folder())
