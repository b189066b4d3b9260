"""The parts of crash.py: models with known answers, a scratch repository, the rounds, the trace."""
