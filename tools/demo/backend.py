"""Serve the backend on a free loopback port and print the port: `python -m tools.demo.backend`."""

from werkzeug.serving import WSGIRequestHandler, make_server

from app import create_app


class _QuietHandler(WSGIRequestHandler):
    """Keeps one line per request out of the demo's terminal."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        del code, size


def main() -> None:
    server = make_server("127.0.0.1", 0, create_app(), threaded=True, request_handler=_QuietHandler)
    print(server.server_port, flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
