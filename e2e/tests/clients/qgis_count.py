"""Opens a collection as QGIS users do, counts it, filters it and draws it. Prints one JSON object.

Usage: qgis_count.py URL COLLECTION WEST SOUTH EAST NORTH PICTURE (the rectangle in degrees, longitude first)
"""

import json
import sys

from qgis.core import (
    QgsApplication,
    QgsCoordinateReferenceSystem,
    QgsFeatureRequest,
    QgsMapRendererParallelJob,
    QgsMapSettings,
    QgsRectangle,
    QgsVectorLayer,
)
from qgis.PyQt.QtCore import QSize
from qgis.PyQt.QtGui import QColor


def main():
    url, collection, west, south, east, north, picture = sys.argv[1:]
    app = QgsApplication([], False)
    app.initQgis()
    layer = QgsVectorLayer(f"url='{url}' typename='{collection}'", collection, "OAPIF")
    if not layer.isValid():
        sys.exit(f"QGIS does not open it: {layer.error().message()}")

    # the first reading downloads; only after it is the provider's own count exact
    ids = [feature["id"] if "id" in layer.fields().names() else feature.id() for feature in layer.getFeatures()]
    box = QgsRectangle(float(west), float(south), float(east), float(north))
    inside = sum(1 for _ in layer.getFeatures(QgsFeatureRequest().setFilterRect(box)))

    settings = QgsMapSettings()
    settings.setLayers([layer])
    settings.setDestinationCrs(QgsCoordinateReferenceSystem("OGC:CRS84"))
    settings.setExtent(box)
    settings.setOutputSize(QSize(400, 400))
    settings.setBackgroundColor(QColor("white"))
    job = QgsMapRendererParallelJob(settings)
    job.start()
    job.waitForFinished()
    image = job.renderedImage()
    image.save(picture, "PNG")
    drawn = sum(1 for x in range(0, 400, 2) for y in range(0, 400, 2) if image.pixelColor(x, y) != QColor("white"))

    print(json.dumps({
        "valid": True,
        "features": len(ids),
        "distinct": len(set(ids)),
        "counted": layer.featureCount(),
        "inside": inside,
        "drawn_of_40000": drawn,
        "crs": layer.crs().authid(),
        "fields": layer.fields().names(),
    }))
    sys.stdout.flush()


main()
