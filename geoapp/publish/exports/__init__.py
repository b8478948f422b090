"""What is shown of a layer as a file to take home."""
