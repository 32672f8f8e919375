"""Readings of a city that is not there, for a story told offline: deterministic, and labeled SYNTHETIC everywhere.

The physics is plausible, no more: nitrogen dioxide falls with wind and rain, is higher in winter, on working days
and in rush hours, differs between stations, and some readings are missing.
"""

import gzip
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

MARKER = "SYNTHETIC.txt"
TITLE = "SYNTHETIC readings made up by a generator, because the real ones were not at hand"
STATIONS = 12
SEED = 501
FIRST_HOUR, LAST_HOUR = "2013-03-01 00:00", "2017-02-28 23:00"
DIRECTIONS = ("N", "NNE", "NE", "ENE", "E", "ESE", "SE", "SSE", "S", "SSW", "SW", "WSW", "W", "WNW", "NW", "NNW")
MISSING = 0.03  # the share of NO2 readings that are NA, in gaps of some hours, as in the real files

Series = npt.NDArray[np.float64]


def write(folder: Path) -> None:
    """One gzipped CSV file a station, with UCI's columns, and a note that they are made up."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / MARKER).write_text(f"{TITLE}.\n")
    for name, table in stations().items():
        content = table.to_csv(index=False, na_rep="NA", float_format="%.1f").encode()
        (folder / f"SYNTHETIC_{name}_20130301-20170228.csv.gz").write_bytes(gzip.compress(content, 6, mtime=0))


def stations() -> dict[str, pd.DataFrame]:
    """The readings of each station, by its name: always the same."""
    random = np.random.default_rng(SEED)
    hours = pd.date_range(FIRST_HOUR, LAST_HOUR, freq="h")
    weather = _weather(random, hours)
    polluted = _city_no2(random, hours, weather)
    tables = {}
    for number in range(STATIONS):
        name = f"Synthetic{chr(ord('A') + number)}"
        tables[name] = _station(random, name, hours, weather, polluted * (0.55 + 0.07 * number))
    return tables


def _wandering(random: np.random.Generator, count: int, hours: float) -> Series:
    """Noise with mean 0 and deviation 1 that remembers itself for about `hours`."""
    kernel = np.exp(-np.arange(int(6 * hours)) / hours)
    noise = np.convolve(random.normal(size=count + kernel.size), kernel, mode="valid")[:count]
    return np.asarray((noise - noise.mean()) / noise.std(), dtype=np.float64)


def _weather(random: np.random.Generator, hours: pd.DatetimeIndex) -> pd.DataFrame:
    count = len(hours)
    year = 2 * np.pi * np.asarray(hours.dayofyear) / 365.25
    day = 2 * np.pi * (np.asarray(hours.hour) - 15) / 24
    front = _wandering(random, count, 30)  # high: dry wind from the north; low: still and humid
    temperature = 13 - 15 * np.cos(year - 0.3) + 4.5 * np.cos(day) - 1.5 * front + _wandering(random, count, 48) * 2
    wind = np.exp(0.35 + 0.4 * front + 0.25 * np.cos(day) + 0.25 * random.normal(size=count))
    wet = (_wandering(random, count, 8) - 0.5 * front + 0.4 * np.cos(year - np.pi) > 2.1) * 1.0
    toward = (np.where(front > 0, 0.0, 180.0) + 50 * _wandering(random, count, 12)) % 360
    return pd.DataFrame(
        {
            "TEMP": temperature,
            "PRES": 1011 + 10 * np.cos(year - 0.2) + 4 * front,
            "DEWP": temperature - np.clip(9 + 4 * front + 1.5 * _wandering(random, count, 20), 0.5, None),
            "RAIN": wet * random.gamma(0.8, 2.0, count),
            "degrees": toward,
            "WSPM": wind,
        }
    )


def _city_no2(random: np.random.Generator, hours: pd.DatetimeIndex, weather: pd.DataFrame) -> Series:
    """The city's NO2 in µg/m³: emissions by season, week and hour, diluted by wind, washed by rain."""
    hour = np.asarray(hours.hour)
    rush = 0.22 * np.exp(-(((hour - 8) / 2.5) ** 2)) + 0.35 * np.exp(-(((hour - 20) / 3.5) ** 2))
    winter = 0.3 * np.cos(2 * np.pi * (np.asarray(hours.dayofyear) - 10) / 365.25)
    weekend = -0.12 * (np.asarray(hours.dayofweek) >= 5)
    wind = np.asarray(weather["WSPM"], dtype=np.float64)
    diluted = -0.6 * np.log(wind) - 0.08 * np.log1p(np.asarray(weather["RAIN"], dtype=np.float64))
    return np.asarray(np.exp(3.85 + winter + weekend + rush + diluted + 0.22 * _wandering(random, len(hours), 24)))


def _station(
    random: np.random.Generator, name: str, hours: pd.DatetimeIndex, weather: pd.DataFrame, polluted: Series
) -> pd.DataFrame:
    count = len(hours)
    no2 = np.clip(polluted * np.exp(0.2 * random.normal(size=count)), 2, 290).round()
    particles = no2 * np.exp(0.3 + 0.5 * _wandering(random, count, 36))
    directions = np.array(DIRECTIONS)
    blurred = np.asarray(weather["degrees"], dtype=np.float64) + random.normal(scale=15, size=count)
    return pd.DataFrame(
        {
            "No": np.arange(1, count + 1),
            "year": hours.year,
            "month": hours.month,
            "day": hours.day,
            "hour": hours.hour,
            "PM2.5": particles.round(),
            "PM10": (particles * 1.3).round(),
            "SO2": (no2 * 0.3).round(),
            "NO2": np.where(_gaps(random, count), np.nan, no2),
            "CO": (no2 * 22).round(-2),
            "O3": np.clip(110 - no2, 2, None).round(),
            "TEMP": weather["TEMP"] + random.normal(scale=0.4, size=count),
            "PRES": weather["PRES"] + random.normal(scale=0.3, size=count),
            "DEWP": weather["DEWP"],
            "RAIN": weather["RAIN"],
            "wd": directions[((blurred % 360) / 22.5).round().astype(int) % 16],
            "WSPM": np.clip(weather["WSPM"] * np.exp(0.15 * random.normal(size=count)), 0, None),
            "station": name,
        }
    )


def _gaps(random: np.random.Generator, count: int) -> npt.NDArray[np.bool_]:
    """Where nothing was measured: gaps of 1 to 15 hours."""
    missing = np.zeros(count, dtype=bool)
    for start in random.choice(count, size=int(count * MISSING / 8), replace=False):
        missing[start : start + random.integers(1, 16)] = True
    return missing
