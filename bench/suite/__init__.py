"""Everything that fits the machine, measured by one command and written as one record."""
