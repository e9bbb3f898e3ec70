"""What .cpanel.yml runs: the backend's own deployment, with nothing but a bare Python and git."""
