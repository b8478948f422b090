"""How long something takes of which part has not ended yet: the median by Kaplan and Meier."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

CONFIDENCE = 0.95


@dataclass(frozen=True)
class Median:
    """The median duration in days with its 95 % interval; None where so few have ended that it is not reached.

    `longest` is the longest duration that was seen, ended or not.
    """

    days: int | None
    low: int | None
    high: int | None
    ended: int
    open: int
    longest: int | None


def median_duration(ended: Sequence[int], still_open: Sequence[int]) -> Median:
    """The median of durations in days, of which those `still_open` are censored on the right.

    The first day on which the product-limit estimate S(t) = prod(1 - d_i / n_i) is 0.5 or less, d_i having ended of the
    n_i that lasted until day i (Kaplan and Meier 1958, Journal of the American Statistical Association 53, 457-481).
    Its interval holds the days on which the log-log interval of S(t) with Greenwood's variance holds 0.5 (Brookmeyer
    and Crowley 1982, Biometrics 38, 29-41).
    """
    longest = max([*ended, *still_open], default=None)
    if not ended:
        return Median(None, None, None, 0, len(still_open), longest)
    censored = np.array([False] * len(ended) + [True] * len(still_open))
    sample = stats.CensoredData.right_censored(np.array([*ended, *still_open], dtype=float), censored)
    lasting = stats.ecdf(sample).sf
    with warnings.catch_warnings():
        # Where nobody or everybody has ended the variance has no value, and the interval says nothing.
        warnings.simplefilter("ignore", RuntimeWarning)
        interval = lasting.confidence_interval(CONFIDENCE, method="log-log")
    return Median(
        _first_half(lasting.quantiles, lasting.probabilities),
        _first_half(lasting.quantiles, interval.low.probabilities),
        _first_half(lasting.quantiles, interval.high.probabilities),
        len(ended),
        len(still_open),
        longest,
    )


def _first_half(days: NDArray[np.float64], lasting: NDArray[np.float64]) -> int | None:
    """The first day on which half or less lasts."""
    reached = np.flatnonzero(lasting <= 0.5 + 1e-12)
    return int(days[reached[0]]) if len(reached) else None
