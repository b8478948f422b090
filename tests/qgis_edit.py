"""Edits a layer of a GeoPackage in QGIS, without a window, as somebody does who toggles its editing and saves.

Run by the Python that Debian's QGIS is built for: FILE LAYER EDITS. The edits are JSON: `change` lists the rows that an
expression finds with their new values and their new place as WKT, `add` rows copied from one that an expression finds;
`delete` is an expression. Prints how many rows there are afterwards.
"""

import json
import sys

from qgis.core import QgsApplication, QgsFeature, QgsFeatureRequest, QgsGeometry, QgsVectorLayer

file, name, told = sys.argv[1:]
edits = json.loads(told)
application = QgsApplication([], False)
application.initQgis()
layer = QgsVectorLayer(f"{file}|layername={name}", name, "ogr")


def found(expression):
    """The rows that an expression finds."""
    return list(layer.getFeatures(QgsFeatureRequest().setFilterExpression(expression)))


def give(feature, values):
    """New values for some fields of a feature that is not in the layer yet."""
    for field, value in values.items():
        feature.setAttribute(layer.fields().indexOf(field), value)


ready = layer.isValid() and layer.startEditing()
for edit in edits.get("change", ()):
    for feature in found(edit["where"]):
        for field, value in edit.get("set", {}).items():
            ready &= layer.changeAttributeValue(feature.id(), layer.fields().indexOf(field), value)
        if "place" in edit:
            ready &= layer.changeGeometry(feature.id(), QgsGeometry.fromWkt(edit["place"]))
for edit in edits.get("add", ()):
    (like,) = found(edit["like"])
    new = QgsFeature(layer.fields())
    new.setAttributes(like.attributes())
    give(new, {"fid": None, **edit.get("set", {})})
    new.setGeometry(QgsGeometry.fromWkt(edit["place"]))
    ready &= layer.addFeature(new)
if "delete" in edits:
    ready &= layer.deleteFeatures([feature.id() for feature in found(edits["delete"])])
saved = ready and layer.commitChanges()
sys.stdout.write(json.dumps({"saved": saved, "errors": layer.commitErrors(), "rows": layer.featureCount()}))
