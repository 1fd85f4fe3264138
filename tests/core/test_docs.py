"""The documents against the tree: what they name is there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NAMED = re.compile(r"`([\w./*-]+/[\w.*-]+\.\w+)`|\]\(([^)#:]+)\)")
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_file_that_a_document_names_is_there(document: Path) -> None:
    places = document.parent, ROOT, ROOT / "docs", ROOT / "langrl_gui"
    named = {code or link for code, link in NAMED.findall(document.read_text("utf-8"))}
    missing = {name for name in named if not any(_is_there(place, name) for place in places)}
    assert not missing


def _is_there(place: Path, name: str) -> bool:
    return bool(list(place.glob(name))) if "*" in name else (place / name).exists()
