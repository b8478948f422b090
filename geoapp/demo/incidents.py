"""Incidents: drawn at anchors over five years, more in some belts, seasons and years, and written in batches."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, fields

import numpy as np

from geoapp.demo.anchors import FACILITY, ROAD, SITE, Anchors, make_anchors
from geoapp.demo.belts import BELTS
from geoapp.demo.casualties import make_casualties
from geoapp.demo.causes import CATEGORIES, Odds, band
from geoapp.demo.draw import (
    Days,
    Ints,
    Objects,
    choose,
    dates,
    identifiers,
    missing,
    objects,
    pick,
    unknown,
)
from geoapp.demo.ground import Ground
from geoapp.demo.lives import make_lives
from geoapp.demo.plan import MOST_ACTIONS
from geoapp.demo.rows import Writer
from geoapp.demo.scene import Scene
from geoapp.demo.whereabouts import make_whereabouts
from geoapp.demo.wording import HEADS, TAILS
from layers.tables import Incident

YEARS = 5
BATCH = 50_000
# More is known, and more travels, in the dry seasons; January comes first.
MONTHS = np.array([1.05, 1.1, 0.95, 0.85, 0.95, 1.15, 1.2, 1.15, 1.0, 0.9, 0.85, 0.95])
WET_MONTHS = (3, 4, 5, 9, 10, 11, 12)
# Precisions of the day: not said, day, week, month, longer; and how long the event may have lasted for each.
DATE_PRECISION = np.array([0.03, 0.72, 0.15, 0.08, 0.02])
LAST_DAYS = np.array([0, 0, 6, 29, 60])
MEAN_LAG_DAYS = 6.0
UNREPORTED_SHARE = 0.01
REPEAT_SHARE, MERGED_SHARE = 0.25, 0.3
SEALED_SHARE = 0.05
HANDLERS = ["demo-coordinator"]
CHANNELS = {
    "field_staff": 46,
    "committee": 20,
    "tagging_data": 8,
    "ngo": 8,
    "whistleblower": 6,
    "state": 5,
    "media": 3,
    "audit": 2,
    "un_report": 2,
}
HEADS_EACH = 2
FOLLOWED_DAYS = 730
FOLLOWED_SHARE = 0.5
GRAVE_SHARE = 0.33
PLACE_STAGES = ("mine", "transport", "depot", "community")
FACILITY_STAGES = {
    "depot": "depot",
    "buying_house": "depot",
    "processor": "processing",
    "exporter": "export",
    "explosives_magazine": "depot",
    "police_post": "community",
    "border_post": "export",
}


@dataclass(frozen=True)
class Followed:
    """Incidents that a committee deals with: their ids, levels (0 unknown), belts, and the days of their lives."""

    incident_id: Objects
    level: Ints
    belt: Ints
    known: Days
    closed: Days


def write_incidents(writer: Writer, scene: Scene) -> Followed:
    """Write the plan's incidents in the order of their days; those that committees follow are returned."""
    rng = scene.plan.generator("incidents")
    anchors = make_anchors(scene.ground, scene.sites, scene.routes, scene.facilities, scene.plan.generator("anchors"))
    maker = _Maker(scene, anchors, rng)
    anchor = pick(rng, anchors.weight, scene.plan.incidents)
    day = _days(anchors.belt[anchor], np.datetime64(scene.plan.until, "D"), rng)
    order = np.argsort(day, kind="stable")
    anchor, day = anchor[order], day[order]
    followed = [maker.write(writer, anchor[:0], day[:0])]
    for start in range(0, len(anchor), BATCH):
        followed.append(maker.write(writer, anchor[start : start + BATCH], day[start : start + BATCH]))
    return Followed(*(np.concatenate([getattr(each, field.name) for each in followed]) for field in fields(Followed)))


def _days(belt: Ints, until: np.datetime64, rng: np.random.Generator) -> Days:
    """A day for each incident of a belt, by the belt's good and bad years and by season."""
    calendar = np.arange(until - round(YEARS * 365.25) + 1, until + 1)
    month = calendar.astype("datetime64[M]").astype(np.int64) % 12
    year = calendar.astype("datetime64[Y]").astype(np.int64)
    year -= year[0]
    day = np.empty(len(belt), dtype="datetime64[D]")
    for place, each in enumerate(BELTS):
        years = rng.lognormal(0, each.unrest, year[-1] + 1)
        members = np.flatnonzero(belt == place)
        day[members] = calendar[pick(rng, MONTHS[month] * years[year], len(members))]
    return day


class _Maker:
    """Makes batches of incidents; holds what is the same for all, and the serial numbers that were given."""

    def __init__(self, scene: Scene, anchors: Anchors, rng: np.random.Generator):
        self.scene = scene
        self.anchors = anchors
        self.rng = rng
        self.until = np.datetime64(scene.plan.until, "D")
        self.odds = Odds()
        self.band = band(np.array([belt.insecurity for belt in BELTS]))
        self.numbers = _Numbers(scene.ground)
        expected = scene.plan.incidents * FOLLOWED_DAYS / (YEARS * 365) * GRAVE_SHARE
        self.followed_share = min(FOLLOWED_SHARE, MOST_ACTIONS / max(expected, 1))

    def write(self, writer: Writer, anchor: Ints, day: Days) -> Followed:
        """Write one batch of incidents that happened at `anchor` on `day`."""
        rng, anchors, number = self.rng, self.anchors, len(anchor)
        ids = identifiers(rng, number)
        month = day.astype("datetime64[M]").astype(np.int64) % 12 + 1
        events = self.odds.draw(rng, anchors.kind[anchor], self.band[anchors.belt[anchor]], np.isin(month, WET_MONTHS))
        level = events.level
        spread, ended, reported = self._days(day)
        known = np.where(np.isnat(reported), day, reported)
        lives = make_lives(rng, known, level, self.until)
        repeats = _repeats(rng, anchor * len(events.codes) + events.category)
        merged = (repeats >= 0) & (rng.random(number) < MERGED_SHARE)
        lives.outcome[merged & (lives.status == "closed")] = "merged"
        hurt = make_casualties(rng, events.codes[events.category], level)
        whereabouts = make_whereabouts(rng, self.scene.ground, anchors, anchor)
        sealed = (level == 1) & (rng.random(number) < SEALED_SHARE)
        summary_en, summary_fr = _summaries(rng, events.category, anchors, anchor)
        explosives = events.codes[events.category] == "explosives_loss_or_misuse"
        writer.write(
            Incident,
            {
                "incident_id": ids,
                "incident_no": self.numbers.give(rng, anchors.province[anchor], day),
                "occurred_from": dates(day),
                "occurred_to": dates(ended),
                "date_precision": missing(spread, spread == 0),
                "reported_on": dates(reported),
                "channel": choose(rng, CHANNELS, number),
                "category": events.codes[events.category],
                "annex2": unknown(rng, events.annex2, 0.05),
                "level": missing(level, level == 0),
                "act": unknown(rng, events.act, 0.05),
                "stage": self._stages(anchor),
                "actor_kind": unknown(rng, events.actor, 0.04),
                "victim_kind": unknown(rng, events.victim, 0.1),
                "killed": hurt.killed,
                "injured": hurt.injured,
                "abducted": hurt.abducted,
                "explosives_involved": missing(explosives, ~explosives & (rng.random(number) < 0.35)),
                **self._references(anchor),
                "place_text": anchors.name[anchor],
                "location_precision": whereabouts.precision,
                "stated_unit": whereabouts.stated_unit,
                "handlers": objects([HANDLERS if each else [] for each in sealed]),
                "sealed": sealed,
                "summary_fr": summary_fr,
                "summary_en": summary_en,
                "status": lives.status,
                "opened_on": dates(lives.opened),
                "due_on": dates(lives.due),
                "closed_on": dates(lives.closed),
                "outcome": lives.outcome,
                "repeat_of": missing(ids[repeats], repeats < 0),
                "geom": whereabouts.points,
            },
        )
        grave = np.isin(level, (1, 2)) & ~np.isnat(lives.opened)
        recent = known > self.until - FOLLOWED_DAYS
        kept = grave & recent & (rng.random(number) < self.followed_share)
        return Followed(ids[kept], level[kept], anchors.belt[anchor][kept], known[kept], lives.closed[kept])

    def _days(self, day: Days) -> tuple[Ints, Days, Days]:
        """How exact each day is (0: not said), the last day of the event, and the day of its report."""
        rng, number = self.rng, len(day)
        spread = pick(rng, DATE_PRECISION, number)
        lasted = LAST_DAYS[spread] + np.where(rng.random(number) < 0.05, rng.integers(1, 6, number), 0)
        ended = np.where(lasted > 0, np.minimum(day + lasted, self.until), np.datetime64("NaT"))
        known_end = np.where(np.isnat(ended), day, ended)
        lag = 1 + rng.exponential(MEAN_LAG_DAYS, number).astype(np.int64)
        reported = np.minimum(known_end + lag, self.until)
        return spread, ended, np.where(rng.random(number) < UNREPORTED_SHARE, np.datetime64("NaT"), reported)

    def _stages(self, anchor: Ints) -> Objects:
        kind, of = self.anchors.kind[anchor], self.anchors.of[anchor]
        stage = objects(PLACE_STAGES)[kind]
        at = kind == FACILITY
        stage[at] = objects([FACILITY_STAGES[each] for each in self.scene.facilities.kind])[of[at]]
        return stage

    def _references(self, anchor: Ints) -> dict[str, Objects]:
        """The site, route or facility that some of the incidents name."""
        kind, of = self.anchors.kind[anchor], self.anchors.of[anchor]
        scene, made = self.scene, {}
        for column, number, ids, share in (
            ("site_id", SITE, scene.sites.site_id, 0.6),
            ("route_ref", ROAD, scene.routes.id, 0.35),
            ("facility_ref", FACILITY, scene.facilities.id, 0.6),
        ):
            named = (kind == number) & (self.rng.random(len(anchor)) < share)
            made[column] = missing(ids[np.where(named, of, 0)], ~named)
        return made


class _Numbers:
    """Gives incident numbers as they are published: province, year, serial, and a last digit."""

    def __init__(self, ground: Ground):
        self.prefixes = [ground.short_prefix(place) for place in range(len(ground.codes))]
        self.given: Counter[tuple[int, int]] = Counter()

    def give(self, rng: np.random.Generator, province: Ints, day: Days) -> list[str]:
        """The next numbers of each province and year, in the order of the rows."""
        year = day.astype("datetime64[Y]").astype(np.int64) + 1970
        serial = np.empty(len(day), dtype=np.int64)
        order = np.lexsort((year, province))
        keys = np.column_stack([province, year])[order]
        for members in np.split(order, np.flatnonzero(np.any(np.diff(keys, axis=0) != 0, axis=1)) + 1):
            if len(members):
                place = int(province[members[0]]), int(year[members[0]])
                serial[members] = self.given[place] + np.arange(1, len(members) + 1)
                self.given[place] += len(members)
        last = np.where(rng.random(len(day)) < 0.1, 2, 1)
        return [
            f"{self.prefixes[each]}-{in_year}-{count:04d}-{digit}"
            for each, in_year, count, digit in zip(
                province.tolist(), year.tolist(), serial.tolist(), last.tolist(), strict=True
            )
        ]


def _repeats(rng: np.random.Generator, same: Ints) -> Ints:
    """For some rows the place of an earlier one of the same kind at the same anchor, else -1."""
    order = np.argsort(same, kind="stable")
    follows = same[order][1:] == same[order][:-1]
    chosen = follows & (rng.random(len(follows)) < REPEAT_SHARE)
    earlier = np.full(len(same), -1, dtype=np.int64)
    earlier[order[1:][chosen]] = order[:-1][chosen]
    return earlier


def _summaries(rng: np.random.Generator, category: Ints, anchors: Anchors, anchor: Ints) -> tuple[Objects, Objects]:
    """The summaries in English and French."""
    head = category * HEADS_EACH + rng.integers(0, HEADS_EACH, len(category))
    tail = rng.integers(0, len(TAILS), len(category))
    heads = [text for each in CATEGORIES for text in HEADS[each]]
    english = objects([f"{text.en} " for text in heads])[head] + anchors.where_en[anchor]
    french = objects([f"{text.fr} " for text in heads])[head] + anchors.where_fr[anchor]
    return (
        english + objects([text.en for text in TAILS])[tail],
        french + objects([text.fr for text in TAILS])[tail],
    )
