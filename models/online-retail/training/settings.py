"""The versions, the settings of ALS and the windows of the evaluation."""

from dataclasses import dataclass
from datetime import date, timedelta

MODEL_NAME = "online-retail"
SEED = 20110
ITERATIONS = 15
RECENCY_FLOOR = 0.1     # weight of a very old order
SHOP_WEIGHT = 0.1       # weight of the column that every customer has; see `confidence_matrix`
POPULARITY_COLUMN = "recent_orders"     # of the catalog's items
RECALL_AT = 20
RECENT_DAYS = 28        # what `recent_orders` and the second popularity baseline count


@dataclass(frozen=True)
class Settings:
    """Settings of ALS. `half_life_days` None: old orders weigh as much as new ones."""

    factors: int
    half_life_days: int | None
    regularization: float
    alpha: float

    def __str__(self) -> str:
        half_life = "none" if self.half_life_days is None else f"{self.half_life_days} d"
        return (f"ALS {self.factors} factors, half-life {half_life}, "
                f"regularization {self.regularization:g}, alpha {self.alpha:g}")


@dataclass(frozen=True)
class Version:
    """One version to ship: trained on every order up to and including `last_day`."""

    number: int
    settings: Settings
    last_day: date

    @property
    def training_id(self) -> str:
        return f"{MODEL_NAME}-als-{self.settings.factors}-{self.last_day.isoformat()}"


@dataclass(frozen=True)
class Window:
    """A window of days that a training does not see, both ends included. The training ends on the day before."""

    name: str
    first_day: date
    last_day: date

    @property
    def training_last_day(self) -> date:
        return self.first_day - timedelta(days=1)


# Settings are chosen on the validation window (`--tune`) and reported on the test window.
VALIDATION = Window("validation", date(2011, 10, 11), date(2011, 11, 9))
TEST = Window("test", date(2011, 11, 10), date(2011, 12, 9))

VERSIONS = (
    Version(1, Settings(32, 30, 5, 3), date(2011, 11, 9)),
    Version(2, Settings(64, 30, 15, 3), date(2011, 12, 9)),
)

TUNE_FACTORS = (32, 64)
TUNE_HALF_LIVES = (None, 90, 45, 30)
TUNE_REGULARIZATIONS = (1.0, 5.0, 15.0)
TUNE_ALPHAS = (3.0, 8.0)
TUNE_SEEDS = (SEED, SEED + 1)


class BuildError(Exception):
    """An error that the caller can correct; the text says what was found and what is wanted."""
