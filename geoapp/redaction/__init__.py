"""Redaction: taking a text out of every place where geoapp keeps it."""
