"""Results as JSON and back, by their type hints: what the pipeline keeps between runs.

Frozen dataclasses of plain values, arrays and frames come back equal, to the last bit. No pickle: a stored file
is data, can be read by people, and runs nothing.
"""

from __future__ import annotations

import dataclasses
import json
import types
import typing
from collections.abc import Mapping
from functools import cache
from typing import Any, TypeVar

import numpy as np
import pandas as pd

T = TypeVar("T")


def dump(value: Any) -> str:
    """JSON text of a result. Raises TypeError for a value that has no stored form."""
    return json.dumps(_encode(value), ensure_ascii=False, allow_nan=False)


def load(kind: type[T], text: str) -> T:
    """The value of type ``kind`` that ``dump`` wrote; raises ValueError, KeyError or TypeError where it is none."""
    return typing.cast("T", _decode(json.loads(text), kind))


def _encode(value: Any) -> Any:
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, int | np.integer):
        return int(value)
    if isinstance(value, float | np.floating):
        # JSON has no NaN; repr keeps every bit of the others.
        return float(value) if np.isfinite(value) else {"float": repr(float(value))}
    if isinstance(value, np.bool_):
        return bool(value)
    if isinstance(value, np.ndarray):
        return {
            "shape": value.shape,
            "dtype": str(value.dtype),
            "flat": [_encode(x) for x in value.ravel().tolist()],
        }
    if isinstance(value, pd.DataFrame):
        columns = [_encode_series(value.iloc[:, i]) for i in range(value.shape[1])]
        index = _encode_series(value.index.to_series())
        return {"names": list(value.columns), "index": index, "columns": columns}
    if isinstance(value, pd.Series):
        return {
            "name": value.name,
            "index": _encode_series(value.index.to_series()),
            "series": _encode_series(value),
        }
    if dataclasses.is_dataclass(value):
        return {f.name: _encode(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {"pairs": [[_encode(key), _encode(item)] for key, item in value.items()]}
    if isinstance(value, tuple | list):
        return [_encode(item) for item in value]
    raise TypeError(f"{type(value).__name__} has no stored form")


def _encode_series(series: pd.Series[Any]) -> dict[str, Any]:
    values = [None if item is None or item is pd.NA else _encode(item) for item in series.tolist()]
    return {"dtype": str(series.dtype), "name": series.name, "values": values}


def _decode(data: Any, kind: Any) -> Any:
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin in {types.UnionType, typing.Union}:
        return _decode_union(data, arguments)
    if origin is typing.Literal and data in arguments:
        return data
    if kind is float:
        return float(data["float"]) if isinstance(data, dict) else float(data)
    if origin is np.ndarray:
        flat = [float(x["float"]) if isinstance(x, dict) else x for x in data["flat"]]
        return np.array(flat, dtype=data["dtype"]).reshape(data["shape"])
    if kind is pd.DataFrame:
        return _decode_frame(data)
    if kind is pd.Series or origin is pd.Series:
        return pd.Series(_decode_series(data["series"]).to_numpy(), _index(data["index"]), name=data["series"]["name"])
    if dataclasses.is_dataclass(kind):
        return _decode_dataclass(data, kind)
    if origin is tuple:
        if len(arguments) == 2 and arguments[1] is Ellipsis:
            return tuple(_decode(item, arguments[0]) for item in data)
        return tuple(_decode(item, argument) for item, argument in zip(data, arguments, strict=True))
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return {_decode(key, arguments[0]): _decode(item, arguments[1]) for key, item in data["pairs"]}
    if kind in {str, int, bool, type(None)} and isinstance(data, kind):
        return data
    raise TypeError(f"{kind} has no stored form")


def _decode_union(data: Any, arguments: tuple[Any, ...]) -> Any:
    if data is None:
        return None
    for argument in arguments:
        if argument is not type(None):
            try:
                return _decode(data, argument)
            except (TypeError, KeyError, ValueError):
                continue
    raise TypeError(f"no reading of {data!r} as one of {arguments}")


def _decode_dataclass(data: Any, kind: Any) -> Any:
    if not isinstance(data, dict):
        raise TypeError(f"no reading of {data!r} as {kind}")
    hints = _hints(kind)
    return kind(**{name: _decode(item, hints[name]) for name, item in data.items()})


@cache
def _hints(kind: Any) -> dict[str, Any]:
    return typing.get_type_hints(kind)


def _decode_frame(data: Any) -> pd.DataFrame:
    index = _index(data["index"])
    columns = {i: pd.Series(_decode_series(column).array, index) for i, column in enumerate(data["columns"])}
    frame = pd.DataFrame(columns, index=index)
    frame.columns = pd.Index(data["names"])
    return frame


def _index(data: Any) -> pd.Index[Any]:
    index: pd.Index[Any] = pd.Index(_decode_series(data), name=data["name"])
    return index


def _decode_series(data: Any) -> pd.Series[Any]:
    values = [float(x["float"]) if isinstance(x, dict) else x for x in data["values"]]
    series: pd.Series[Any] = pd.Series(values, dtype=data["dtype"])
    return series
