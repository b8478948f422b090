"""The follow-up: incidents' reports and steps, meetings, trainings, risks, movements, the funder's report."""
