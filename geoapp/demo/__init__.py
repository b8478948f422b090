"""The demonstration data: synthetic rows that a seed and a day determine, how they are loaded and taken out again."""
