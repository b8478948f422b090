"""The pages, tiles and JSON that are served over HTTP."""
