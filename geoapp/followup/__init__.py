"""The follow-up: the risk register, trainings, escorted movements, and what a funder is told of them."""
