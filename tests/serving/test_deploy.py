"""What deploy/ ships: the proxies log nobody and no secret, and their answers are those of an HTTPS site."""

from __future__ import annotations

import http.client
import os
import re
import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from canvass.core import settings
from tests.conftest import PATIENCE
from tests.postgres import free_port

DEPLOY = settings.ROOT / "deploy"
NAME = "samtal.example.org"
SECRET = "/join/hemligkod"
PROGRAMS = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin"])
CADDY, NGINX = (shutil.which(program, path=PROGRAMS) for program in ("caddy", "nginx"))
SYSTEMD = shutil.which("systemd-analyze")


class Upstream(BaseHTTPRequestHandler):
    """In the place of Canvass: it answers with what the proxy has told it."""

    def do_GET(self) -> None:
        told = "\n".join(f"{name}: {value}" for name, value in self.headers.items()).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(told)))
        self.end_headers()
        self.wfile.write(told)

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def running(command: list[str], log: Path) -> Iterator[None]:
    with log.open("w") as said, subprocess.Popen(command, stdout=said, stderr=said, cwd=log.parent) as process:
        try:
            yield
        finally:
            process.terminate()


def certificate(folder: Path) -> None:
    """A certificate of our own, where certbot puts them."""
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={NAME}", "-days", "1",
         "-keyout", folder / "privkey.pem", "-out", folder / "fullchain.pem"],
        check=True, capture_output=True,
    )  # fmt: skip


def with_caddy(folder: Path, port: int, upstream: int) -> list[str]:
    text = (DEPLOY / "Caddyfile").read_text("utf-8")
    text = text.replace("{\n", f"{{\n\tadmin off\n\tskip_install_trust\n\tlocal_certs\n\thttp_port {free_port()}\n", 1)
    text = text.replace(f"{NAME} {{", f"https://{NAME}:{port} {{").replace(":8000", f":{upstream}")
    (folder / "Caddyfile").write_text(text)
    return [CADDY or "", "run", "--config", str(folder / "Caddyfile"), "--adapter", "caddyfile"]


def with_nginx(folder: Path, port: int, upstream: int) -> list[str]:
    certificate(folder)
    text = (DEPLOY / "nginx.conf").read_text("utf-8").replace(f"/etc/letsencrypt/live/{NAME}", str(folder))
    text = re.sub(r"listen \[.*\n", "", text).replace("listen 443", f"listen 127.0.0.1:{port}")
    text = text.replace("listen 80", f"listen 127.0.0.1:{free_port()}").replace(":8000", f":{upstream}")
    # As the distribution's own nginx.conf, which logs.
    main = f"daemon off; pid {folder}/pid; error_log {folder}/error.log; events {{}} http {{\n"
    main += f"access_log {folder}/access.log; error_log {folder}/error.log;\n"
    for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"):
        main += f"{kind}_temp_path {folder}/{kind};\n"
    (folder / "nginx.conf").write_text(main + text + "}\n")
    return [NGINX or "", "-p", str(folder), "-c", str(folder / "nginx.conf")]


def ask(port: int, name: str, path: str) -> tuple[int, str]:
    """Ask the proxy as a browser does that has looked the name up. Raises OSError when nobody listens."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    connection = http.client.HTTPSConnection(name, port, context=context, timeout=PATIENCE)
    bare = socket.create_connection(("127.0.0.1", port))
    connection.sock = context.wrap_socket(bare, server_hostname=name)
    try:
        connection.request("GET", path, headers={"User-Agent": "Alvas telefon", "X-Forwarded-For": "192.0.2.7"})
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def until_it_listens(port: int) -> None:
    giving_up = threading.Event()
    threading.Timer(PATIENCE, giving_up.set).start()
    while not giving_up.wait(0.05):
        with suppress(OSError):
            ask(port, NAME, "/")
            return
    raise AssertionError("the proxy did not start")


@pytest.mark.parametrize(
    "proxy",
    [
        pytest.param(with_caddy, marks=pytest.mark.skipif(not CADDY, reason="there is no Caddy here")),
        pytest.param(with_nginx, marks=pytest.mark.skipif(not NGINX, reason="there is no nginx here")),
    ],
)
def test_the_proxy_tells_canvass_what_it_must_know_and_its_logs_nothing(
    tmp_path: Path, proxy: Callable[[Path, int, int], list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    upstream = ThreadingHTTPServer(("127.0.0.1", 0), Upstream)
    threading.Thread(target=upstream.serve_forever, daemon=True).start()
    port = free_port()
    with running(proxy(tmp_path, port, upstream.server_port), tmp_path / "said.log"):
        until_it_listens(port)
        status, told = ask(port, NAME, SECRET)
        headers = dict(line.split(": ", 1) for line in told.splitlines())
        assert status == 200
        assert headers["X-Forwarded-For"] == "127.0.0.1"  # not what the browser made up
        assert headers["X-Forwarded-Proto"] == "https"
        assert headers["Host"].split(":")[0] == NAME

        upstream.shutdown()
        upstream.server_close()
        assert ask(port, NAME, SECRET)[0] == 502
        with suppress(OSError):
            ask(port, "other.example.org", SECRET)
    logs = "\n".join(path.read_text("utf-8", "replace") for path in tmp_path.glob("*.log"))
    for secret in ("hemligkod", "Alvas telefon", "192.0.2.7", "127.0.0.1:5", "remote_ip", "client:"):
        assert secret not in logs


@pytest.mark.skipif(not SYSTEMD, reason="there is no systemd here")
def test_the_unit_gives_the_server_no_more_than_it_needs() -> None:
    command = [SYSTEMD or "", "security", "--offline=yes", "--threshold=20", str(DEPLOY / "canvass.service")]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-500:]


def test_the_shipped_settings_are_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    text = (DEPLOY / "canvass.env").read_text("utf-8")
    for name, value in re.findall(r"^#?(CANVASS_\w+)=(.*)$", text, re.MULTILINE):
        assert name in {setting.variable for setting in settings.SETTINGS}
        monkeypatch.setenv(name, value)
    assert settings.read()["PROXIES"] == 1
