"""What the members of a unit's committee read before a meeting and in it: its page, the room view, the pack."""
