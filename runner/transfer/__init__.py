"""How a tree of files gets to a host: a tar stream into a shell, or SFTP with many requests in flight."""
