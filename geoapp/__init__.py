"""geoapp maps mine sites, incidents and security deployments of minerals programmes, backed by PostGIS."""

__version__ = "0.1.0"
