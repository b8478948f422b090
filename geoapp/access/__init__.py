"""Who is asking, and what they may see; the database decides, this package tells it who."""
