"""What Kindred promises, held to it; README.md beside this file is the guide."""
