"""Synthesis: methods that draw their own images, by name."""

from smallset.synthesis.cda import CDA
from smallset.synthesis.dwa import DWA
from smallset.synthesis.edc import EDC
from smallset.synthesis.g_vbsm import GVBSM
from smallset.synthesis.lpld import LPLD
from smallset.synthesis.noise import PureNoise
from smallset.synthesis.rded import RDED
from smallset.synthesis.sre2l import SRe2L
from smallset.synthesis.synthesis import Synthesis

SYNTHESES: dict[str, type[Synthesis]] = {
    "cda": CDA,
    "dwa": DWA,
    "edc": EDC,
    "g-vbsm": GVBSM,
    "lpld": LPLD,
    "noise": PureNoise,
    "rded": RDED,
    "sre2l": SRe2L,
}

__all__ = ["SYNTHESES", "Synthesis"]
