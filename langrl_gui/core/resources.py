"""Where the files that travel with the program lie: inside an installed package, or beside it in a checkout."""

from pathlib import Path


def root() -> Path:
    """The folder `resources`, wherever this copy of the program keeps it."""
    package = Path(__file__).resolve().parent.parent
    packaged = package / "resources"
    return packaged if packaged.is_dir() else package.parent / "resources"
