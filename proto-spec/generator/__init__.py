"""The parts of generate.py: an encoder driven by schema.json, the vectors' cases, the specification's tables."""
