"""The severity of a status or notice: pages choose its colour by this word."""

from typing import Literal

Severity = Literal["ok", "info", "warn", "bad", "mute"]
