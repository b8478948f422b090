"""Opens a project in QGIS, without a window, and renders it to a picture; prints what it found as JSON.

Run by the Python that Debian's QGIS is built for: PROJECT PICTURE WEST,SOUTH,EAST,NORTH [NAME TOKEN]. Coordinates are
those of EPSG:3857. With a name and a token it signs in as people do: by an authentication whose id is geoapp1.
"""

import json
import sys

from qgis.core import (
    QgsApplication,
    QgsAuthMethodConfig,
    QgsFeatureRequest,
    QgsMapRendererSequentialJob,
    QgsMapSettings,
    QgsProject,
    QgsRectangle,
    QgsVectorLayer,
)
from qgis.PyQt.QtCore import QSize
from qgis.PyQt.QtGui import QColor

project_file, picture, sides, *who = sys.argv[1:]
application = QgsApplication([], True)
application.initQgis()
complaints = []
QgsApplication.messageLog().messageReceived.connect(lambda text, tag, level: complaints.append(f"{tag}: {text}"))
if who:
    manager = QgsApplication.authManager()
    manager.setMasterPassword("of this test alone", True)
    sign_in = QgsAuthMethodConfig("Basic")
    sign_in.setId("geoapp1")
    sign_in.setName("geoapp")
    sign_in.setConfig("username", who[0])
    sign_in.setConfig("password", who[1])
    manager.storeAuthenticationConfig(sign_in)

project = QgsProject.instance()
opened = project.read(project_file)
area = QgsRectangle(*map(float, sides.split(",")))
settings = QgsMapSettings()
settings.setDestinationCrs(project.crs())
settings.setLayers([each.layer() for each in project.layerTreeRoot().findLayers() if each.isVisible()])
settings.setExtent(area)
settings.setOutputSize(QSize(900, 700))
settings.setBackgroundColor(QColor("white"))
job = QgsMapRendererSequentialJob(settings)
job.start()
job.waitForFinished()
image = job.renderedImage()
image.save(picture)
colors = {image.pixelColor(x, y).name() for x in range(image.width()) for y in range(image.height())}
layers = {}
for layer in project.mapLayers().values():
    told = {"valid": layer.isValid(), "title": layer.name(), "provider": layer.providerType()}
    if isinstance(layer, QgsVectorLayer):
        told["rows"] = sum(1 for _ in layer.getFeatures(QgsFeatureRequest()))
        told["fields"] = layer.fields().names()
    layers[layer.id()] = told
sys.stdout.write(
    json.dumps(
        {
            "opened": opened,
            "crs": project.crs().authid(),
            "layers": layers,
            "colors": sorted(colors),
            "errors": [each.message for each in job.errors()],
            "complaints": complaints,
        }
    )
)
