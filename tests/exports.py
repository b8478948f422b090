"""Small files of the same shape as published exports, with rows that the tests make up."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path


def names(*lines: str) -> list[str]:
    """The names in lines of text."""
    return " ".join(lines).split()


IPIS = names(
    "FID vid cid id source project pcode name visit_date visit_onsite visit_onsite_novisitreason geom longitude",
    "latitude location_origin province province_old territoire collectivite groupement village workers_numb access_dry",
    "access_wet is_3t_mine is_gold_mine mineral1 mineral2 mineral3 mercury presence interference",
    *(
        f"armed_group{n} type_armed_group{n} frequency_armed_group{n} taxation_armed_group{n}"
        f" commerce_taxation_armed_group{n} entrance_taxation_armed_group{n} monopoly_armed_group{n}"
        f" buying_minerals_armed_group{n} digging_armed_group{n} forced_labour_armed_group{n} pillaging_armed_group{n}"
        f" pit_ownership_armed_group{n}"
        for n in (1, 2, 3)
    ),
    "mechanisation state_service1 state_service2 traceability qualification childunder15 childunder15work women",
)
ACLED = names(
    "event_id_cnty event_date year time_precision disorder_type event_type sub_event_type actor1 assoc_actor_1 inter1",
    "actor2 assoc_actor_2 inter2 interaction civilian_targeting iso region country admin1 admin2 admin3 location",
    "latitude longitude geo_precision source source_scale notes fatalities tags timestamp",
)
UCDP = names(
    "id relid year active_year code_status type_of_violence conflict_name dyad_name side_a side_b number_of_sources",
    "source_article source_headline where_prec where_coordinates where_description adm_1 adm_2 latitude longitude",
    "geom_wkt priogrid_gid country country_id region event_clarity date_prec date_start date_end deaths_a deaths_b",
    "deaths_civilians deaths_unknown best high low gwnoa gwnob",
)
KST = names("Longitude Latitude title/0/en notes/en time severity_rating 0/name")


def write_export(path: Path, columns: Sequence[str], *rows: Mapping[str, object]) -> Path:
    """Write a table with all `columns`, of which each row fills some."""
    with path.open("w", encoding="utf-8", newline="") as opened:
        writer = csv.DictWriter(opened, columns, restval="")
        writer.writeheader()
        writer.writerows(rows)
    return path
