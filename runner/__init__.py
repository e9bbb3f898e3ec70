"""The agent on the user's server: it asks the backend for work and deploys what its owner allows."""
