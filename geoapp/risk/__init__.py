"""The risk questions: what was recorded along a route, around a point or a site, and what it may mean."""
