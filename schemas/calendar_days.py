"""Days of the Gregorian calendar over arrays of year, month, and day."""

import numpy as np
import numpy.typing as npt

from schemas.text import Mask

Integers = npt.NDArray[np.int32]

FIRST_YEAR = 1800  # no date of a living or recorded person lies before it
LAST_YEAR = 2999

_MONTHS = np.arange("0001-01", "10000-01", dtype="datetime64[M]")
_FIRST_DAYS = _MONTHS.astype("datetime64[D]").astype(np.int32)
_LENGTHS = np.diff(_FIRST_DAYS, append=_FIRST_DAYS[-1] + 31)


def epoch_days(years: Integers, months: Integers, days: Integers) -> tuple[Integers, Mask]:
    """Days since 1970-01-01, and whether that day is in the calendar and in the years 1800 to 2999.

    The number of days of an impossible date is 0.
    """
    possible = (years >= FIRST_YEAR) & (years <= LAST_YEAR) & (months >= 1) & (months <= 12)
    place = np.where(possible, years * 12 + months - 13, 0)
    possible &= (days >= 1) & (days <= _LENGTHS[place])
    return np.where(possible, _FIRST_DAYS[place] + days - 1, 0).astype(np.int32), possible
