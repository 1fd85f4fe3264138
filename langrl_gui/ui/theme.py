"""Colours. The chrome follows the system's palette, light or dark; data colours are ours and the same in both."""

from typing import Final

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QGuiApplication, QPainter, QPalette, QPen
from PySide6.QtWidgets import QWidget

BLUE: Final = QColor("#2f6bd8")
"""What happened: curves, the current state, the selection."""
GREEN: Final = QColor("#2c8a5f")
"""The exact optimum, and a word that was right."""
RED: Final = QColor("#c8494e")
"""Errors, and a word that was wrong."""

KINDS: Final = tuple(map(QColor, ("#e69f00", "#56b4e9", "#009e73", "#0072b2", "#d55e00", "#cc79a7")))
"""Colours for things of different kinds that everybody can tell apart (Okabe & Ito 2008, without yellow and black)."""

# Blue below zero, orange above: told apart by all common kinds of colour blindness.
_NEGATIVE: Final = (0x3B, 0x74, 0xD1)
_NEUTRAL: Final = {False: (0xF7, 0xF6, 0xF3), True: (0x3A, 0x3A, 0x3C)}
_POSITIVE: Final = (0xDB, 0x84, 0x2B)
_MANY: Final = {
    False: (0x4A, 0x2F, 0x78),
    True: (0xC9, 0xB0, 0xF2),
}  # counts have a hue of their own: they are no values


def is_dark(palette: QPalette | None = None) -> bool:
    """Whether text is light on dark."""
    palette = palette or QGuiApplication.palette()
    return (
        palette.color(QPalette.ColorRole.WindowText).lightness() > palette.color(QPalette.ColorRole.Window).lightness()
    )


def value_color(value: float, span: float, dark: bool | None = None) -> QColor:
    """The colour of `value` on a diverging scale around 0 that saturates at +-span."""
    dark = is_dark() if dark is None else dark
    amount = 0.0 if span <= 0 or value != value else max(-1.0, min(1.0, value / span))
    end = _POSITIVE if amount > 0 else _NEGATIVE
    share = abs(amount)
    return QColor(*(round(n + (e - n) * share) for n, e in zip(_NEUTRAL[dark], end, strict=True)))


def count_color(share: float, dark: bool) -> QColor:
    """The colour of a count on a scale from few (0) to many (1): it stands out from the ground ever more."""
    return QColor(*(round(n + (e - n) * share) for n, e in zip(_NEUTRAL[dark], _MANY[dark], strict=True)))


def text_on(background: QColor) -> QColor:
    """Black or white, whichever is read better on `background` (relative luminance, WCAG 2)."""
    channels = (background.redF(), background.greenF(), background.blueF())
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    luminance = float(np.dot((0.2126, 0.7152, 0.0722), linear))
    return QColor("#1b1b1d") if luminance > 0.18 else QColor("#ffffff")


def muted(palette: QPalette) -> QColor:
    """Text that stands back: labels, units, hints."""
    text, window = palette.color(QPalette.ColorRole.WindowText), palette.color(QPalette.ColorRole.Window)
    return mixed(text, window, 0.38)


def readable(color: QColor, palette: QPalette) -> QColor:
    """`color` light enough for small type on a dark background."""
    return mixed(color, palette.color(QPalette.ColorRole.WindowText), 0.3) if is_dark(palette) else color


def line(palette: QPalette) -> QColor:
    """Borders and grid lines."""
    return mixed(palette.color(QPalette.ColorRole.WindowText), palette.color(QPalette.ColorRole.Window), 0.85)


def paint_focus(painter: QPainter, widget: QWidget) -> None:
    """A thin outline around what has the keyboard."""
    painter.save()
    painter.resetTransform()
    painter.setOpacity(1.0)
    painter.setClipping(False)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(widget.palette().color(QPalette.ColorRole.Highlight), 1))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawRoundedRect(widget.rect().toRectF().adjusted(0.5, 0.5, -0.5, -0.5), 4, 4)
    painter.restore()


def mixed(first: QColor, second: QColor, share: float) -> QColor:
    """`first` with this share of `second`."""
    return QColor(
        *(
            round(a + (b - a) * share)
            for a, b in zip(first.getRgb()[:3], second.getRgb()[:3], strict=True)  # type: ignore[index]
        )
    )


SCHEMES: Final = {
    "system": Qt.ColorScheme.Unknown,
    "light": Qt.ColorScheme.Light,
    "dark": Qt.ColorScheme.Dark,
}

_ROLES: Final = (
    # role, light, dark
    (QPalette.ColorRole.Window, "#f3f3f0", "#1b1b1d"),
    (QPalette.ColorRole.WindowText, "#1d1d1f", "#e6e6e8"),
    (QPalette.ColorRole.Base, "#ffffff", "#252527"),
    (QPalette.ColorRole.AlternateBase, "#f3f3f0", "#2c2c2f"),
    (QPalette.ColorRole.Text, "#1d1d1f", "#e6e6e8"),
    (QPalette.ColorRole.PlaceholderText, "#8a8a8e", "#8a8a8e"),
    (QPalette.ColorRole.Button, "#f3f3f0", "#2c2c2f"),
    (QPalette.ColorRole.ButtonText, "#1d1d1f", "#e6e6e8"),
    (QPalette.ColorRole.BrightText, "#ffffff", "#ffffff"),
    (QPalette.ColorRole.Light, "#ffffff", "#454549"),
    (QPalette.ColorRole.Midlight, "#e6e6e2", "#38383b"),
    (QPalette.ColorRole.Mid, "#d2d2ce", "#48484c"),
    (QPalette.ColorRole.Dark, "#a8a8a4", "#141416"),
    (QPalette.ColorRole.Shadow, "#6c6c6a", "#0b0b0c"),
    (QPalette.ColorRole.Highlight, BLUE.name(), BLUE.name()),
    (QPalette.ColorRole.HighlightedText, "#ffffff", "#ffffff"),
    (QPalette.ColorRole.ToolTipBase, "#ffffff", "#38383b"),
    (QPalette.ColorRole.ToolTipText, "#1d1d1f", "#e6e6e8"),
    (QPalette.ColorRole.Link, BLUE.name(), BLUE.lighter(130).name()),
)


def apply(scheme: str) -> None:
    """Put on one of SCHEMES: the system's own colours, its light or dark ones, or ours where it has none to choose."""
    hints = QGuiApplication.styleHints()
    hints.setColorScheme(SCHEMES[scheme])
    palette = QPalette()
    if scheme != "system" and hints.colorScheme() != SCHEMES[scheme]:
        for role, light, dark in _ROLES:
            palette.setColor(role, QColor(dark if scheme == "dark" else light))
        faint = mixed(palette.color(QPalette.ColorRole.Text), palette.color(QPalette.ColorRole.Window), 0.55)
        for role in (QPalette.ColorRole.Text, QPalette.ColorRole.WindowText, QPalette.ColorRole.ButtonText):
            palette.setColor(QPalette.ColorGroup.Disabled, role, faint)
    QGuiApplication.setPalette(palette)


WINDOW_STYLE: Final = f"""
QMainWindow::separator {{ background: transparent; width: 4px; height: 4px; }}
QToolBar {{ background: palette(window); border: none; padding: 2px 8px; spacing: 6px; }}
QToolButton {{ padding: 5px 9px; border-radius: 5px; border: none; }}
QToolButton:hover {{ background: palette(midlight); }}
QToolButton:pressed, QToolButton:checked {{ background: palette(mid); }}
QToolButton:focus {{ border: 1px solid palette(highlight); padding: 4px 8px; }}
QToolButton#qt_toolbar_ext_button {{ padding: 0; }}
QMainWindow > QTabBar {{ qproperty-drawBase: 0; }}
QMainWindow > QTabBar::tab {{
    padding: 2px 6px; margin: 0 1px 4px 0; border: 1px solid transparent; border-radius: 5px;
}}
QMainWindow > QTabBar::tab:first {{ margin-left: 10px; }}
QMainWindow > QTabBar::tab:hover {{ background: palette(midlight); }}
QMainWindow > QTabBar::tab:selected {{ background: palette(mid); }}
QMainWindow > QTabBar:focus::tab:selected {{ border-color: palette(highlight); }}
Switch QToolButton, ExactTable QToolButton {{ padding: 1px 3px; border: 1px solid transparent; }}
Switch QToolButton:focus, ExactTable QToolButton:focus {{ border: 1px solid palette(highlight); padding: 1px 3px; }}
Switch QToolButton#single, Switch QToolButton#single:focus {{ background: palette(mid); padding-right: 16px; }}
Switch QToolButton#single::menu-indicator {{
    subcontrol-origin: padding; subcontrol-position: right center; right: 4px;
}}
QToolButton#runButton {{ background: {BLUE.name()}; color: white; padding: 5px 14px; font-weight: bold; }}
QToolButton#runButton:hover {{ background: {BLUE.lighter(112).name()}; }}
QToolButton#runButton:pressed {{ background: {BLUE.darker(112).name()}; }}
QToolButton#runButton:disabled {{ background: palette(mid); }}
Inspector QHeaderView::section, Samples QHeaderView::section,
ExactTable QHeaderView::section, StateList QHeaderView::section, Confusions QHeaderView::section {{
    background: palette(alternate-base); border: none; padding: 2px 3px;
}}
Confusions QTreeView::item {{ padding: 3px 0; }}
QCheckBox::indicator:unchecked {{
    width: 12px; height: 12px; background: palette(base);
    border: 1px solid palette(placeholder-text); border-radius: 3px;
}}
QCheckBox::indicator:unchecked:disabled {{ border-color: palette(mid); }}
#parameters QLineEdit, #parameters QPlainTextEdit, #parameters QListWidget {{
    background: palette(alternate-base); border: 1px solid palette(mid); border-radius: 4px;
}}
#parameters QLineEdit {{ padding: 2px 1px; }}
ExactTable QLineEdit, #findState {{ padding: 0 3px; }}
#speedEnd {{ color: palette(placeholder-text); }}
#parameters QLineEdit:focus, #parameters QPlainTextEdit:focus, #parameters QListWidget:focus {{
    border: 1px solid palette(highlight);
}}
#parameters QToolButton {{ padding: 1px 7px; }}
#parameters QToolButton::menu-indicator {{ image: none; }}
QStatusBar::item {{ border: none; }}
QProgressBar {{ background: palette(mid); border: none; border-radius: 3px; }}
QProgressBar::chunk {{ background: {BLUE.name()}; border-radius: 3px; }}
"""
"""What Qt's style sheets say shorter than code: a flat toolbar, one blue button, a slim progress bar."""
