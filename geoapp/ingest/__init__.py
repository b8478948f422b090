"""Import: a file that somebody brings is read, checked row by row, and loaded as a whole or not at all."""
