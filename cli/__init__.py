"""The command line `deployr`: reads deploy.yaml, creates jobs, follows logs; reaches no server."""
