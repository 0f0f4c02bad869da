"""The config of a run as a table: each field, its value, and what the preset would have had."""

from typing import Any

import pandas as pd

from core.config import RunConfig
from core.errors import ConfigurationError
from core.presets import config_of
from jobs.results.wording import setting

# Fixed when a run is launched, as many as the machine has: not what somebody chose.
_BY_MACHINE = ("preset", "threads")


def config_table(config: RunConfig) -> pd.DataFrame:
    """One row per field: setting, value, the preset's value where it differs, what it does."""
    usual = _preset_values(config.preset)
    fields = RunConfig.model_fields
    rows = [
        {
            "setting": name,
            "value": setting(value),
            "preset has": setting(usual[name]) if _differs(name, value, usual) else "",
            "what it does": fields[name].description,
        }
        for name, value in config
        if name != "preset"
    ]
    return pd.DataFrame(rows, columns=["setting", "value", "preset has", "what it does"])


def differences(config: RunConfig) -> dict[str, str]:
    """The settings that differ from the preset's, each as "0.01 (preset: 0.001)"; none where there is no preset."""
    usual = _preset_values(config.preset)
    return {
        name: f"{setting(value)} (preset: {setting(usual[name])})"
        for name, value in config
        if _differs(name, value, usual)
    }


def _preset_values(name: str) -> dict[str, Any]:
    try:
        return dict(config_of(name))
    except ConfigurationError:
        return {}


def _differs(name: str, value: Any, usual: dict[str, Any]) -> bool:
    return name in usual and name not in _BY_MACHINE and value != usual[name]
