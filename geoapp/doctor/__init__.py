"""The checks of an installation, and what to do where one fails; it changes nothing."""
