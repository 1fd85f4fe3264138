"""`python -m langrl_gui.core.kernels`: compile the loop of every learner into the user's cache, and say where it is."""

from langrl_gui.core import kernels, scenario
from langrl_gui.core.trainer import Trainer

Trainer(scenario.load(scenario.built_in()["i-love-you"])).prepare()
print(kernels.cache_folder())
