"""The mineral belts: where sites cluster, what is dug there, how insecure it is, and how many sites each gets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from geoapp.demo.draw import Floats, Ints


@dataclass(frozen=True)
class Belt:
    """A belt around a place; `spread` is the standard deviation of its clusters in km.

    `minerals` are weights; `insecurity` runs from 0 to 1, and `unrest` is how it changes from year to year.
    """

    territory: str
    x: float
    y: float
    spread: float
    sites: int
    minerals: Mapping[str, float]
    insecurity: float
    unrest: float = 0.2


TIN = {"cassiterite": 8, "coltan": 2, "tourmaline": 0.3}
TANTALUM = {"coltan": 7, "cassiterite": 3, "wolframite": 0.5, "tourmaline": 0.4}
TIN_TANTALUM = {"cassiterite": 5, "coltan": 5}
THREE_T = {"cassiterite": 5, "coltan": 3, "wolframite": 3}
TUNGSTEN = {"wolframite": 7, "cassiterite": 3}
TIN_GOLD = {"cassiterite": 6, "gold": 4, "coltan": 1}
GOLD = {"gold": 10}
GOLD_TIN = {"gold": 7, "cassiterite": 2, "wolframite": 1}
KATANGA = {"cassiterite": 6, "coltan": 3, "copper": 1, "cobalt": 0.5}

BELTS = (
    # DR Congo, North Kivu
    Belt("Masisi", 28.88, -1.53, 9, 105, TANTALUM, 0.95, 0.5),
    Belt("Masisi", 28.72, -1.32, 12, 35, TANTALUM, 0.9, 0.4),
    Belt("Walikale", 27.75, -1.05, 14, 45, TIN, 0.8, 0.4),
    Belt("Walikale", 28.05, -1.42, 20, 45, TIN_TANTALUM, 0.8, 0.3),
    Belt("Lubero", 29.10, -0.15, 18, 25, GOLD_TIN, 0.85, 0.3),
    # DR Congo, South Kivu
    Belt("Kalehe", 28.87, -1.87, 8, 60, THREE_T, 0.8, 0.4),
    Belt("Kalehe", 28.62, -2.02, 13, 35, TIN_TANTALUM, 0.75, 0.3),
    Belt("Walungu", 28.45, -2.72, 9, 65, TIN, 0.6, 0.3),
    Belt("Shabunda", 27.36, -2.66, 20, 35, TIN, 0.75, 0.3),
    Belt("Shabunda", 27.56, -2.30, 13, 35, TIN, 0.75, 0.3),
    Belt("Mwenga", 28.18, -3.05, 14, 40, GOLD_TIN, 0.7, 0.3),
    Belt("Fizi", 28.78, -4.45, 15, 30, GOLD, 0.8, 0.3),
    # DR Congo, Maniema
    Belt("Pangi", 26.62, -2.58, 13, 65, TIN, 0.35),
    Belt("Punia", 26.44, -1.48, 16, 45, TIN, 0.4),
    Belt("Kailo", 26.10, -2.63, 13, 40, {**TIN, "wolframite": 2}, 0.3),
    Belt("Kabambare", 27.57, -4.10, 12, 20, GOLD, 0.65, 0.3),
    # DR Congo, Tanganyika and Haut-Katanga
    Belt("Kalemie", 29.00, -5.80, 16, 30, TIN_TANTALUM, 0.5, 0.3),
    Belt("Nyunzu", 28.05, -5.85, 17, 50, TANTALUM, 0.55, 0.3),
    Belt("Manono", 27.43, -7.28, 16, 65, TIN, 0.35),
    Belt("Mitwaba", 27.33, -8.60, 17, 50, KATANGA, 0.4),
    # DR Congo, Ituri
    Belt("Djugu", 30.08, 1.92, 13, 55, GOLD, 0.95, 0.4),
    Belt("Mambasa", 29.20, 1.28, 16, 40, GOLD, 0.8, 0.3),
    # Burundi
    Belt("Kirundo", 30.05, -2.66, 8, 32, THREE_T, 0.15),
    Belt("Muyinga", 30.30, -2.82, 9, 30, {"gold": 5, **THREE_T}, 0.15),
    Belt("Kayanza", 29.55, -2.86, 6, 40, TIN_TANTALUM, 0.15),
    Belt("Cibitoke", 29.17, -2.82, 7, 30, GOLD, 0.3),
    # Rwanda
    Belt("Rulindo", 30.02, -1.80, 7, 40, TIN, 0.05),
    Belt("Rulindo", 29.92, -1.72, 5, 22, TUNGSTEN, 0.05),
    Belt("Ngororero", 29.63, -1.92, 7, 40, TIN_TANTALUM, 0.05),
    Belt("Kayonza", 30.60, -1.96, 6, 25, TUNGSTEN, 0.05),
    Belt("Muhanga", 29.76, -2.03, 8, 40, THREE_T, 0.05),
    Belt("Gakenke", 29.78, -1.69, 7, 40, THREE_T, 0.05),
    Belt("Kamonyi", 29.90, -2.02, 7, 18, TIN_TANTALUM, 0.05),
    Belt("Rutsiro", 29.40, -1.90, 6, 20, TANTALUM, 0.08),
    Belt("Rwamagana", 30.35, -1.93, 6, 18, TIN, 0.05),
    # Uganda
    Belt("Kabale", 29.95, -1.25, 7, 22, TUNGSTEN, 0.08),
    Belt("Kisoro", 29.70, -1.22, 5, 18, TUNGSTEN, 0.1),
    Belt("Ntungamo", 30.30, -0.95, 8, 26, TIN, 0.05),
    Belt("Isingiro", 30.75, -0.88, 9, 24, TIN, 0.05),
)

CENTRES_X = np.array([belt.x for belt in BELTS])
CENTRES_Y = np.array([belt.y for belt in BELTS])


def nearest_belt(x: Floats, y: Floats) -> Ints:
    """The place in `BELTS` of the belt whose centre is nearest to each point."""
    found = np.empty(len(x), dtype=np.int64)
    for start in range(0, len(x), 10_000):
        part = slice(start, start + 10_000)
        squared = (x[part, None] - CENTRES_X) ** 2 + (y[part, None] - CENTRES_Y) ** 2
        found[part] = squared.argmin(axis=1)
    return found
