"""How grave something is that people are told: pages choose its colour by this word."""

from typing import Literal

Severity = Literal["ok", "info", "warn", "bad", "mute"]
