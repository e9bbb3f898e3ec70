"""`make demo`: the whole of Deployr on one machine, deploying an example app."""
