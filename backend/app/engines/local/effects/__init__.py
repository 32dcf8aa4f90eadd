"""Drawn effects: tears, hearts, marks and all else that is painted on, behind or before the person."""

from app.engines.local.effects.anchors import Anchors, Layer
from app.engines.local.effects.drawing import draw_effects

__all__ = ["Anchors", "Layer", "draw_effects"]
