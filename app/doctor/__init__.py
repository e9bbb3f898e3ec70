"""`flask deployr doctor`: what keeps the backend from working, or should be looked at."""
