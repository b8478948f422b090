"""The follow-up: reports and steps of incidents, meetings, trainings, the risk register, movements, a funder's report."""
