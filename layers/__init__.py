"""What is on the map: vocabularies, tables, the filter, and one file a map layer. Knows neither geoapp nor Flask."""
