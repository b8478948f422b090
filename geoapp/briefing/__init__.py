"""Briefings: what an analyst has put together, worked out for a page or a paper; comparisons; watched places."""
