"""Makes sure that this machine has what Qt needs beyond its wheel, or (`hands`) what the walk through the real window
needs; asked by the Makefile when `.venv` is ready, and before the tests.

As root it installs what is missing; otherwise it prints the one line to type. Knows nothing of the program.
"""

import os
import shutil
import subprocess
import sys

PACKAGES = (
    "libegl1 libgl1 libxkbcommon-x11-0 libxcb-cursor0 libxcb-icccm4 libxcb-image0 libxcb-keysyms1 libxcb-render-util0 "
    "libxcb-shape0 libxcb-xinerama0 libdbus-1-3 libfontconfig1 libglib2.0-0 fonts-wqy-microhei"
).split()
HANDS = {"Xvfb": "xvfb", "xdotool": "xdotool", "openbox": "openbox"}
"""What the walk through the real window needs, program -> package: a screen, a mouse with keys, a window manager."""
INSTALL = "apt-get install --yes --quiet --no-install-recommends".split()

# Qt ends the process where its libraries are missing, so a process of its own asks: does Qt load, can it show
# a window with X, is there a Chinese font?
NO_FONT = "no font for Chinese"
PROBE = f"""
import ctypes, pathlib, sys, PySide6
from PySide6.QtGui import QFontDatabase, QGuiApplication
ctypes.CDLL(str(pathlib.Path(PySide6.__file__).parent / "Qt/plugins/platforms/libqxcb.so"))
application = QGuiApplication(["probe"])
if not QFontDatabase.families(QFontDatabase.WritingSystem.SimplifiedChinese):
    sys.exit({NO_FONT!r})
"""


def missing() -> str:
    """What Qt misses here, in its own words; empty where it misses nothing. Only Linux has something to miss."""
    if sys.platform != "linux":
        return ""
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
    probe = subprocess.run([sys.executable, "-c", PROBE], env=environment, capture_output=True, text=True)
    return probe.stderr.strip().rpartition("\n")[2] if probe.returncode else ""


def may_install() -> bool:
    """Whether this is Debian or a relative, and root asks."""
    return sys.platform == "linux" and shutil.which("apt-get") is not None and os.geteuid() == 0


def install(packages: list[str]) -> str:
    """Install packages with apt-get, silently; returns what it said where that failed."""
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (["apt-get", "update", "--quiet"], [*INSTALL, *packages]):
        done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if done.returncode:
            return f"{done.stdout}\nThis failed: {' '.join(command)}"
    return ""


def bring_qt() -> None:
    """End with exit code 1 where Qt could not start; a missing font is only said."""
    lack = missing()
    if lack and may_install():
        print(f"Installing system libraries ({lack}) ...", flush=True)
        if failure := install(PACKAGES):
            sys.exit(failure)
        lack = missing()
    if lack:
        print(f"Qt misses something here: {lack}. These Debian packages have it:", file=sys.stderr)
        print(f"    sudo {' '.join([*INSTALL, *PACKAGES])}", file=sys.stderr)
        sys.exit(lack != NO_FONT)


def bring_hands() -> None:
    """Without them the walk is left out, and that is said."""
    lack = [package for program, package in HANDS.items() if shutil.which(program) is None]
    if lack and may_install():
        print(f"Installing {', '.join(lack)} for the walk through the window ...", flush=True)
        print(install(lack), end="", file=sys.stderr)
        lack = [package for program, package in HANDS.items() if shutil.which(program) is None]
    if lack and sys.platform == "linux":
        print("The walk through the window is left out. These Debian packages have what it needs:", file=sys.stderr)
        print(f"    sudo {' '.join([*INSTALL, *lack])}", file=sys.stderr)


if __name__ == "__main__":
    bring_hands() if sys.argv[1:] == ["hands"] else bring_qt()
