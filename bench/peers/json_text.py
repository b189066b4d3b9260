"""Dataclasses as JSON with camelCase members, as `kindred-bench` writes it."""

from __future__ import annotations

import dataclasses
import re
from typing import Any


def camel_case(name: str) -> str:
    """build_seconds -> buildSeconds."""
    return re.sub(r"_([a-z0-9])", lambda found: found[1].upper(), name)


def snake_case(name: str) -> str:
    """buildSeconds -> build_seconds."""
    return re.sub(r"[A-Z]", lambda found: "_" + found[0].lower(), name)


def plain(value: Any) -> Any:
    """A value for json.dumps. Members of dataclasses are renamed; keys of dictionaries are not."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {camel_case(field.name): plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return value
