"""The steps of sending meter events: claiming them, and storing what came of it."""
