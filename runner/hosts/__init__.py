"""Hosts that apps are deployed to over SSH, or in the hosting account that the runner lives in."""
