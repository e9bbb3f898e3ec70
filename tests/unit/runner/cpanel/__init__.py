"""Deployments to hosting accounts at real SSH servers."""
