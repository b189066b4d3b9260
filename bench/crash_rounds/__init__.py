"""What crash.py is made of: models with known answers, a scratch repository, the rounds, the trace."""
