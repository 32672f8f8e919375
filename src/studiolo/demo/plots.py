"""Chapter 11, the pictures: what was measured and forecast, what was missed, and what the wind does."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib as mpl
import matplotlib.dates as mdates
import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

from studiolo.demo.evaluate import MODEL, city

INK, MUTED, GRID = "#22313f", "#6b7a88", "#e6eaee"
ACTUAL, FORECAST, CLOUD = "#1f6f8b", "#e07a3f", "#9fc3d1"
DIVERGING = LinearSegmentedColormap.from_list("errors", [ACTUAL, "#f7f5f2", FORECAST])
STYLE: dict[Any, Any] = {
    "font.size": 10,
    "font.family": "DejaVu Sans",
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": MUTED,
    "axes.titlelocation": "left",
    "axes.titlesize": 12,
    "axes.titleweight": "bold",
    "axes.titlepad": 12,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": GRID,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "legend.frameon": False,
    "figure.facecolor": "white",
    "savefig.dpi": 150,
}
UNIT = "NO₂, µg/m³"


@dataclass(frozen=True)
class Plot:
    """A picture and what it says."""

    file: Path
    title: str
    caption: str


@dataclass(frozen=True)
class Response:
    """What the endpoint answers when only the wind changes: wind in m/s, NO2 in µg/m³."""

    wind: npt.NDArray[np.float64]
    no2: npt.NDArray[np.float64]


class Painter:
    """Draws the pictures into a folder; every title says so when the data is synthetic."""

    def __init__(self, folder: Path, place: str, *, synthetic: bool) -> None:
        self._folder = folder
        self._place = place
        self._prefix = "SYNTHETIC DATA: " if synthetic else ""

    def all(self, learn: pd.DataFrame, days: pd.DataFrame, response: Response) -> list[Plot]:
        """The four pictures of the report, in its order."""
        self._folder.mkdir(parents=True, exist_ok=True)
        return [self.forecast(days), self.wind(learn, response), self.residuals(days), self.stations(days)]

    def forecast(self, days: pd.DataFrame) -> Plot:
        """The city's mean of every test day, as measured and as forecast."""
        title = f"NO₂ in {self._place}, day by day"
        daily = city(days).set_index("date").asfreq("D")
        with self._picture("forecast", title, (11, 4.2)) as (figure, file):
            axes = figure.add_subplot()
            axes.fill_between(daily.index, 0, daily["no2"], color=ACTUAL, alpha=0.1, linewidth=0)
            axes.plot(daily.index, daily["no2"], color=ACTUAL, linewidth=1.3, label="measured")
            axes.plot(daily.index, daily[MODEL], color=FORECAST, linewidth=1.5, label="forecast from the weather")
            axes.set(title=self._prefix + title, ylabel=UNIT, ylim=(0, None), xlim=(daily.index[0], daily.index[-1]))
            axes.legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=2, borderaxespad=0.4)
            locator = mdates.AutoDateLocator(minticks=6, maxticks=15)  # type: ignore[no-untyped-call]
            axes.xaxis.set_major_locator(locator)
            axes.xaxis.set_major_formatter(mdates.ConciseDateFormatter(locator))  # type: ignore[no-untyped-call]
        return Plot(
            file,
            title,
            "Mean of the stations on days that the model has never seen. It knows the weather, not the air.",
        )

    def wind(self, learn: pd.DataFrame, response: Response) -> Plot:
        """Every station day learned from, over the wind; the median per class of wind, and the model's answer."""
        title = "The wind cleans the air"
        with self._picture("wind", title, (11, 5)) as (figure, file):
            axes = figure.add_subplot()
            axes.scatter(learn["wind"], learn["no2"], s=5, color=CLOUD, alpha=0.25, linewidth=0, rasterized=True)
            grouped = learn[["wind", "no2"]].groupby(learn["wind"] // 0.5)
            middle = grouped.median()[grouped.size() >= 30]
            axes.plot(middle["wind"], middle["no2"], "o-", color=ACTUAL, label="measured: median of each 0.5 m/s")
            axes.plot(
                response.wind, response.no2, color=FORECAST, linewidth=2.5, label="model: all but the wind at its mean"
            )
            top = float(learn["no2"].quantile(0.998))
            axes.set(title=self._prefix + title, xlabel="mean wind of the day, m/s", ylabel=UNIT, ylim=(0, top))
            axes.set_xlim(0, float(learn["wind"].quantile(0.9995)))
            axes.legend(loc="upper right")
        return Plot(
            file,
            title,
            "Every dot is a day at a station that the model learned from. The curve is asked of the endpoint, with all "
            "but the wind at its mean.",
        )

    def residuals(self, days: pd.DataFrame) -> Plot:
        """How the errors are spread, and whether they depend on the forecast."""
        title = "What the forecast missed"
        error = days["no2"] - days[MODEL]
        edge = float(error.abs().quantile(0.995))
        with self._picture("residuals", title, (11, 4.2)) as (figure, file):
            left, right = figure.subplots(1, 2)
            left.hist(error, bins=np.linspace(-edge, edge, 50).tolist(), color=ACTUAL, alpha=0.85)
            _line(left, float(error.mean()), f"mean {error.mean():+.1f}")
            left.set(title=self._prefix + title, xlabel="measured minus forecast, µg/m³", ylabel="station days")
            right.scatter(days[MODEL], error, s=5, color=CLOUD, alpha=0.45, linewidth=0, rasterized=True)
            twentieth = np.ceil(20 * days[MODEL].rank(pct=True, method="first"))
            middle = pd.DataFrame({"x": days[MODEL], "y": error}).groupby(twentieth).mean()
            right.plot(middle["x"], middle["y"], "o-", color=FORECAST, label="mean of each twentieth")
            right.axhline(0, color=INK, linewidth=1)
            right.set(xlabel=f"forecast {UNIT}", ylabel="measured minus forecast, µg/m³", ylim=(-edge, edge))
            right.legend(loc="lower left")
        return Plot(
            file,
            title,
            "Left: the errors of all station days; they should stand around 0. Right: the same errors over the "
            "forecast; a flat line at 0 would mean that no level is missed on one side.",
        )

    def stations(self, days: pd.DataFrame) -> Plot:
        """The mean error of each station in each month."""
        title = "Where and when it errs"
        month = days["date"].dt.strftime("%Y-%m")
        error = (days["no2"] - days[MODEL]).groupby([days["station"], month]).mean().unstack()
        edge = float(np.nanquantile(np.abs(error.to_numpy()), 0.98))
        with self._picture("stations", title, (11, 4.6)) as (figure, file):
            axes = figure.add_subplot()
            mesh = axes.pcolormesh(
                error.to_numpy(), cmap=DIVERGING, vmin=-edge, vmax=edge, edgecolors="white", linewidth=1
            )
            axes.set_xticks(np.arange(error.shape[1]) + 0.5, list(error.columns), rotation=45)
            axes.set_yticks(np.arange(error.shape[0]) + 0.5, list(error.index))
            axes.invert_yaxis()
            axes.grid(visible=False)
            axes.tick_params(length=0)
            axes.set_title(self._prefix + title)
            figure.colorbar(mesh, ax=axes, label="measured minus forecast, µg/m³", pad=0.02)
        return Plot(
            file,
            title,
            "Mean error of each station and month: orange where the air was worse than forecast, blue where better.",
        )

    @contextmanager
    def _picture(self, name: str, title: str, size: tuple[float, float]) -> Iterator[tuple[Figure, Path]]:
        """A figure in the story's style (`Figure` draws with Agg, without a display), saved at the block's end."""
        file = self._folder / f"{name}.png"
        with mpl.rc_context(STYLE):
            figure = Figure(figsize=size, layout="constrained")
            yield figure, file
            figure.savefig(file, metadata={"Title": self._prefix + title})


def _line(axes: Axes, at: float, text: str) -> None:
    """A marked place on the x axis."""
    axes.axvline(at, color=FORECAST, linewidth=2)
    axes.annotate(text, (at, 0.97), (6, 0), xycoords=("data", "axes fraction"), textcoords="offset points", va="top")
