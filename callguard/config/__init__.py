"""The configuration: TOML → frozen, typed settings, or one error with every fault: file, key path, what to write instead.

    loading    path → settings, or ConfigError with all faults
    model      the tables and their defaults
    retention  the table [retention]: terms, floors and ceilings
    policies   the tables [policy.NAME], and their conversion to what the call core goes by
    section    what all tables share: how faults are collected, rewritten and given a remedy
    values     the kinds of value: period, duration, size, path, key …
    secrets    where the secret of a PBX login is read from, at use

Settings are read once and never changed; a reload reads the file anew and swaps the whole, or keeps the old ones when the file is faulty.
"""

from callguard.config.loading import load_settings
from callguard.config.model import (
    AnnouncementsSettings,
    LoggingSettings,
    NumbersSettings,
    PbxSettings,
    RecordingsSettings,
    Settings,
    StoreSettings,
    SweepSettings,
)
from callguard.config.policies import BUILT_IN, PURPOSES, MatchSettings, PolicySettings, PromptsFor
from callguard.config.retention import RetentionSettings

__all__ = [
    "BUILT_IN",
    "PURPOSES",
    "AnnouncementsSettings",
    "LoggingSettings",
    "MatchSettings",
    "NumbersSettings",
    "PbxSettings",
    "PolicySettings",
    "PromptsFor",
    "RecordingsSettings",
    "RetentionSettings",
    "Settings",
    "StoreSettings",
    "SweepSettings",
    "load_settings",
]
