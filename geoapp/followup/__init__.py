"""The follow-up: reports, the steps of incidents, committees, their meetings and what they decide."""
