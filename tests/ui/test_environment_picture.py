"""The environment's own picture: of the state that matters, and only where there is one."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium.envs.toy_text.blackjack import BlackjackEnv
from gymnasium.envs.toy_text.frozen_lake import FrozenLakeEnv
from pytestqt.qtbot import QtBot

from langrl_gui.core import gym, scenario
from langrl_gui.core.errors import TableError
from langrl_gui.core.trainer import Trainer
from langrl_gui.ui.app import Studio
from langrl_gui.ui.session import PAUSED
from langrl_gui.ui.views.environment_picture import EnvironmentPicture
from tests.windows import until


class PaintedLake(FrozenLakeEnv):
    """Draws its state as one bright column, and needs no library for it."""

    def render(self) -> Any:
        pixels = np.zeros((8, 16, 3), np.uint8)
        pixels[:, self.s] = 255
        return pixels


class PaintedCards(BlackjackEnv):
    """Draws the cards that the player holds as bright columns: what no state tells."""

    def render(self) -> Any:
        pixels = np.zeros((8, 16, 3), np.uint8)
        pixels[:, self.player] = 255
        return pixels


class Blank(FrozenLakeEnv):
    def render(self) -> Any:
        raise gymnasium.error.DependencyNotInstalled("paint")


KINDS = {"Painted-v0": PaintedLake, "Blank-v0": Blank, "Cards-v0": PaintedCards}


@pytest.fixture
def lakes() -> Iterator[None]:
    for name, kind in KINDS.items():
        gymnasium.register(name, entry_point=kind, max_episode_steps=100)
    yield
    for name in KINDS:
        del gymnasium.registry[name]


def file_of(folder: Path, id_: str) -> Path:
    path = folder / f"{id_}.toml"
    path.write_text(
        f'name = "{id_}"\n[environment]\nkind = "gym"\nid = "{id_}"\n[learner]\nmethod = "q-learning"\n', "utf-8"
    )
    return path


def columns(picture: EnvironmentPicture) -> set[int]:
    """The columns in which it is bright."""
    image = picture._kept[picture._shown]
    return {x for x in range(image.width()) if image.pixelColor(x, 0).lightness() > 128}


def column(picture: EnvironmentPicture) -> int:
    """The state that is drawn."""
    (state,) = columns(picture)
    return state


@pytest.mark.usefixtures("lakes")
def test_the_picture_is_of_the_agents_state_or_of_the_one_that_is_selected(
    qtbot: QtBot, open_studio: Callable[..., Studio], tmp_path: Path
) -> None:
    studio = open_studio(file_of(tmp_path, "Painted-v0"))
    picture = studio.window.picture
    qtbot.waitUntil(lambda: picture.isVisible() and not picture.visibleRegion().isEmpty(), timeout=20_000)
    assert column(picture) == 0
    for step in range(1, 30):
        studio.session.step()
        until(qtbot, studio, PAUSED, step)
        qtbot.waitUntil(lambda: studio.window.snapshot.current is not None)
        here = studio.window.snapshot.current.state
        qtbot.waitUntil(lambda wanted=here: column(picture) == wanted)
        if here:
            break
    assert here > 0, "it never went anywhere"
    studio.window.selection.select((0, 7))
    assert column(picture) == 7
    assert picture.accessibleDescription() == "state 7"
    drawn = picture.grab().toImage()
    assert len({drawn.pixelColor(x, drawn.height() // 2).rgb() for x in range(drawn.width())}) > 2


@pytest.mark.usefixtures("lakes")
def test_where_a_state_does_not_tell_all_the_picture_is_of_the_episode_in_progress(
    qtbot: QtBot, open_studio: Callable[..., Studio], tmp_path: Path
) -> None:
    studio = open_studio(file_of(tmp_path, "Cards-v0"))
    picture, session = studio.window.picture, studio.session
    alone, held = Trainer(session.scenario), set()
    qtbot.waitUntil(lambda: picture.isVisible() and picture._shown is not None, timeout=20_000)
    for step in range(1, 40):
        session.step()
        until(qtbot, studio, PAUSED, step)
        alone.advance(step)
        cards = tuple(alone.stepped._play._env.unwrapped.player)
        name = ",".join(map(str, alone.scenario.environment.spaces.states.values(alone.state[-1])))
        qtbot.waitUntil(lambda wanted=set(cards): columns(picture) == wanted)
        qtbot.waitUntil(lambda wanted=f"state {name}": picture.accessibleDescription() == wanted)
        held.add(cards)
    assert {len(cards) for cards in held} > {2}
    assert len(held) > 10
    other = next(state for state in range(700) if state != alone.state[-1])
    studio.window.selection.select((0, other))
    assert columns(picture) == set(cards)
    assert "of the episode in progress" in picture.accessibleDescription()


@pytest.mark.skipif(sys.version_info >= (3, 14), reason="pygame, which these draw with, has no wheels for it")
@pytest.mark.parametrize("name", ["frozen-lake", "cliff-walking", "taxi", "blackjack"])
def test_the_environments_of_the_gallery_are_painted_and_nothing_is_said_on_stdout(
    name: str, capfd: pytest.CaptureFixture[str]
) -> None:
    painter = gym.painter(scenario.find(name).environment)
    assert painter is not None
    alone = Trainer(scenario.find(name))
    scenes = []
    for step in range(1, 200):
        alone.advance(step)
        state = alone.state[-1]
        scene = gym.Scene(state) if alone.stepped is None else alone.stepped.scene(state, alone.episode)
        if scene not in scenes:
            scenes.append(scene)
        if len(scenes) == 3:
            break
    pictures = {painter.paint(scene).tobytes() for scene in scenes}
    assert len(pictures) == 3
    assert capfd.readouterr() == ("", "")


@pytest.mark.usefixtures("lakes")
def test_that_a_picture_of_another_episode_than_the_run_s_is_not_made() -> None:
    painter = gym.painter(scenario.find("gym:Cards-v0").environment)
    assert not painter.of_any_state
    with pytest.raises(TableError, match="comes to another state than in the run"):
        painter.paint(gym.Scene(703, 5, ()))


@pytest.mark.usefixtures("lakes")
@pytest.mark.parametrize("id_", ["Blank-v0", ""])
def test_where_no_picture_can_be_made_there_is_no_card_for_it(
    qtbot: QtBot, open_studio: Callable[..., Studio], tmp_path: Path, id_: str
) -> None:
    studio = open_studio(file_of(tmp_path, id_) if id_ else None)
    qtbot.waitUntil(lambda: not studio.session.side.running)
    studio.window.findChild(object, "resetLayout").trigger()
    assert not studio.window.picture.isVisible()
    assert not studio.window._picture_card.toggleViewAction().isVisible()


def test_a_picture_is_made_for_no_module_that_a_file_names() -> None:
    taxi = scenario.find("taxi").environment
    evil = taxi.model_copy(update={"id": "antigravity:Taxi-v4"})
    assert gym.painter(evil) is None
