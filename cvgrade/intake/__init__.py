"""What comes in: archives and folders from a learning management system, put in nbgrader's places and repaired."""
