"""The four countries."""

from __future__ import annotations

from layers.groups import GROUND
from layers.layer import Field, MapLayer, Place
from layers.provinces import UNIT_ATTRIBUTES, UNIT_FIELDS, VALID_TODAY
from layers.symbol import Fill, Rule
from layers.tables import AdminUnit
from layers.text import Text
from layers.vocabulary import ADMIN_TYPE

COUNTRIES = MapLayer(
    name="countries",
    title=Text("Countries", "Pays"),
    group=GROUND,
    places=(Place(AdminUnit.__table__, AdminUnit.geom, AdminUnit.geom_3857, (AdminUnit.level == 0,)),),
    always=VALID_TODAY,
    key=AdminUnit.unit_code,
    properties=(AdminUnit.unit_code, AdminUnit.name_en, AdminUnit.name_fr),
    heading=(AdminUnit.name_en, AdminUnit.name_fr),
    subheading=Field(Text("Type", "Type"), AdminUnit.admin_type, ADMIN_TYPE),
    fields=UNIT_FIELDS,
    attributes=UNIT_ATTRIBUTES,
    when=(AdminUnit.valid_from, AdminUnit.valid_to),
    open_ended=True,
    rules=(
        Rule(
            Fill(fill=None, stroke="#5b4b66", stroke_width=1.8),
            Text("National border", "Frontière nationale"),
        ),
    ),
    tip="name_{lang}",
    filters={"unit": AdminUnit.units},
    extent=1024,
    order=12,
    visible=False,
)
