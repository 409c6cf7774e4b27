"""Sidecars: the small JSON file beside a batch that says how it applies.

A sidecar that cannot be read refuses its batch: to take a delta for a snapshot would delete every record that it
does not name.
"""

import json
from pathlib import Path
from typing import cast, get_args

from connectors.refusals import Refusal
from schemas.contract import Mode

_MAX_BYTES = 1 << 20  # a sidecar is a line; anything longer is another file under its name


def read_mode(path: Path) -> Mode | Refusal | None:
    """The mode that a sidecar states; None where it states none."""
    try:
        with path.open("rb") as stream:
            values = json.loads(stream.read(_MAX_BYTES).decode("utf-8-sig"))
    except OSError as error:
        return _refusal(path, f"cannot be opened ({type(error).__name__})")
    except (ValueError, RecursionError):
        return _refusal(path, "is not JSON")
    if not isinstance(values, dict):
        return _refusal(path, "is not a JSON object")
    mode = values.get("mode")
    if mode is None or mode in get_args(Mode):
        return cast("Mode | None", mode)
    return _refusal(path, "names an unknown mode")


def _refusal(path: Path, what: str) -> Refusal:
    return Refusal(
        f"its sidecar {path.name} {what}",
        '{"mode": "snapshot"} or {"mode": "delta"}',
        "correct the sidecar, or remove it where the contract's mode is right",
    )
