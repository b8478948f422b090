"""The GIS officer's desk: kept uploads, the queue of work on them, previews, history and undo."""
