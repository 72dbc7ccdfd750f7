"""The JSON that commands write: numbers that JSON cannot hold are null."""

from __future__ import annotations

import json
from typing import Any

import numpy as np


def json_text(content: Any) -> str:
    """``content`` of dicts, sequences, arrays and plain values as indented JSON; NaN and infinities become null."""
    return json.dumps(_finite(content), indent=2, ensure_ascii=False, allow_nan=False)


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _finite(item) for key, item in value.items()}
    if isinstance(value, np.ndarray):
        return _finite(value.tolist())
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not np.isfinite(value) else value
