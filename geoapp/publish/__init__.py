"""What leaves the database for a reader: tiles and the details of a row."""
