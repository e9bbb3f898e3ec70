"""gunicorn's settings, read when it starts in this folder: `gunicorn` alone serves the backend.

GUNICORN_CMD_ARGS and the command line win over them; WEB_CONCURRENCY is the number of workers.
"""

import os

wsgi_app = "app:create_app()"
bind = f"{os.environ.get('HOST', '127.0.0.1')}:{os.environ.get('PORT', '8000')}"
workers = int(os.environ.get("WEB_CONCURRENCY", "2"))
worker_class = "gthread"  # waiting for the database holds up one thread, not the worker
threads = 4  # as many connections to the database a worker
preload_app = True  # workers share what was imported: less than half the memory
timeout = 60
graceful_timeout = 30
keepalive = 75  # longer than proxies keep theirs, so that it is they who close
worker_tmp_dir = "/dev/shm" if os.path.isdir("/dev/shm") else None  # noqa: PTH112, S108
