"""The config of a run as a table: each field, its value, and what the preset would have had."""

from typing import Any

import pandas as pd

from core.config import RunConfig
from core.errors import ConfigurationError
from core.presets import config_of
from core.statistics import wording

# Fixed when a run is launched, as many as the machine has: not what somebody chose.
_BY_MACHINE = ("preset", "threads")


def config_table(config: dict[str, Any]) -> pd.DataFrame:
    """One row per field: setting, value, the preset's value where it differs, what it does."""
    usual = _preset_values(config.get("preset", ""))
    fields = RunConfig.model_fields
    rows = [
        {
            "setting": name,
            "value": wording.setting(value),
            "preset has": wording.setting(usual[name]) if _differs(name, value, usual) else "",
            "what it does": fields[name].description if name in fields else "",
        }
        for name, value in config.items()
        if name != "preset"
    ]
    return pd.DataFrame(rows, columns=["setting", "value", "preset has", "what it does"])


def differences(config: dict[str, Any]) -> dict[str, str]:
    """The settings that differ from the preset's, each as "0.01 (preset: 0.001)"; none where there is no preset."""
    usual = _preset_values(config.get("preset", ""))
    return {
        name: f"{wording.setting(value)} (preset: {wording.setting(usual[name])})"
        for name, value in config.items()
        if _differs(name, value, usual)
    }


def _preset_values(name: str) -> dict[str, Any]:
    try:
        return config_of(name).model_dump(mode="json")
    except ConfigurationError:
        return {}


def _differs(name: str, value: Any, usual: dict[str, Any]) -> bool:
    return name in usual and name not in _BY_MACHINE and value != usual[name]
