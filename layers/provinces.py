"""Provinces (and, in Uganda, regions) that are valid today."""

from __future__ import annotations

from sqlalchemy import func, or_

from layers.attributes import attributes_of
from layers.groups import GROUND
from layers.layer import Field, MapLayer, Place
from layers.symbol import Fill, Label, Rule
from layers.tables import AdminUnit
from layers.text import Text
from layers.vocabulary import ADMIN_TYPE, COUNTRY

UNIT_FIELDS = (
    Field(Text("Country", "Pays"), AdminUnit.country, COUNTRY),
    Field(Text("Code", "Code"), AdminUnit.unit_code),
    Field(Text("OCHA p-code", "P-code OCHA"), AdminUnit.pcode),
    Field(Text("Area", "Superficie"), AdminUnit.area_km2, unit="km²"),
    Field(Text("Valid from", "En vigueur depuis"), AdminUnit.valid_from),
    Field(Text("Note", "Note"), AdminUnit.note),
)
UNIT_ATTRIBUTES = attributes_of(AdminUnit, "units", "created_at")
VALID_TODAY = (
    AdminUnit.valid_from <= func.today(),
    or_(AdminUnit.valid_to.is_(None), AdminUnit.valid_to > func.today()),
)

PROVINCES = MapLayer(
    name="provinces",
    title=Text("Provinces", "Provinces"),
    group=GROUND,
    places=(Place(AdminUnit.__table__, AdminUnit.geom, AdminUnit.geom_3857, (AdminUnit.level == 1,)),),
    always=VALID_TODAY,
    key=AdminUnit.unit_code,
    properties=(AdminUnit.unit_code, AdminUnit.country, AdminUnit.name_en, AdminUnit.name_fr),
    heading=(AdminUnit.name_en, AdminUnit.name_fr),
    subheading=Field(Text("Type", "Type"), AdminUnit.admin_type, ADMIN_TYPE),
    fields=UNIT_FIELDS,
    attributes=UNIT_ATTRIBUTES,
    when=(AdminUnit.valid_from, AdminUnit.valid_to),
    open_ended=True,
    rules=(
        Rule(
            Fill(fill=None, stroke="#a99fb3", stroke_width=1),
            Text("Province border", "Limite de province"),
        ),
    ),
    labels=(Label("name_{lang}", size=12, color="#6d6279", halo="#fbfaf7", min_zoom=6, italic=True, uppercase=False),),
    tip="name_{lang}",
    filters={"unit": AdminUnit.units},
    extent=1024,
    order=10,
    first=True,
)
