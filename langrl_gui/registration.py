"""Makes `gymnasium.make("langrl_gui/Language-v0")` work, without importing gymnasium: the window does not need it.

gymnasium looks for no plugins since 1.0, so whoever imports this package has the environment registered: at once where
gymnasium is there already, and else as soon as it is imported. Knows nothing of what it registers.
"""

import importlib.util
import sys
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Final

LANGUAGE: Final = "langrl_gui/Language-v0"


def register() -> None:
    """Register the environment with gymnasium, which imports its module when one is made."""
    import gymnasium

    if LANGUAGE not in gymnasium.registry:
        gymnasium.register(LANGUAGE, entry_point="langrl_gui.core.environment:LanguageEnv")


def register_with_gymnasium() -> None:
    """Register now, or when gymnasium is imported."""
    gymnasium = sys.modules.get("gymnasium")
    if gymnasium is None:
        sys.meta_path.insert(0, _Gymnasium())
    elif hasattr(gymnasium, "register"):  # or else it is importing us, and asks itself to be registered with
        register()


class _Gymnasium(MetaPathFinder):
    """Finds gymnasium as the others do, and registers once it is there."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname != "gymnasium":
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(fullname)
        if spec is not None and spec.loader is not None:
            spec.loader = _Registering(spec.loader)
        return spec


class _Registering(Loader):
    def __init__(self, loader: Loader) -> None:
        self._loader = loader

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self._loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        assert module.__spec__ is not None
        module.__spec__.loader = self._loader
        module.__loader__ = self._loader
        self._loader.exec_module(module)
        register()
