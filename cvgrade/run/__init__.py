"""Run and judge submissions between two processes and a wall. See `judge.Station`."""
