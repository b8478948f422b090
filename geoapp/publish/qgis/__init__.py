"""The map's layers as QGIS draws them: styles, and projects with the addresses of the layers."""
