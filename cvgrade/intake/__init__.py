"""What comes in: downloads from a learning management system, put in nbgrader's places and repaired."""
