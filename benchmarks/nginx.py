"""nginx before one server, where it is installed."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from infra.native.ports import HOST, Ports

SETTINGS = """daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/nginx.log;
events {{ worker_connections 512; }}
http {{ access_log off; client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
upstream target {{ server {host}:{target}; keepalive 64; keepalive_timeout 3s; }}
server {{ listen {host}:{port}; keepalive_requests 1000000; location / {{ proxy_pass http://target;
proxy_http_version 1.1; proxy_set_header Connection ""; }} }} }}
"""


@contextmanager
def nginx(folder: Path, target: int) -> Iterator[tuple[int, int]]:
    """Its process and its port."""
    port = Ports.free()["gateway"]
    settings = folder / "nginx.conf"
    settings.write_text(SETTINGS.format(folder=folder, host=HOST, target=target, port=port))
    server = subprocess.Popen(["nginx", "-c", str(settings)], stderr=subprocess.DEVNULL)
    try:
        yield server.pid, port
    finally:
        server.terminate()
        server.wait()
