"""A gate before the schema registry: what stands between in an installation (TLS, credentials), and what goes wrong there.

HTTPS with a client certificate, basic or bearer credentials; `mood` says what becomes of a request: well, refuse (the connection is closed),
broken (500), nonsense (a page instead of JSON), lost (404), slow (no answer until the mood changes). Certificates are made with openssl, for this run only.
"""
import base64
import http.client
import http.server
import os
import ssl
import subprocess
import threading
import urllib.parse

USER, PASSWORD, TOKEN = "greenlane", "p4ss-of-the-registry", "t0ken-of-the-registry"
MOODS = ("well", "refuse", "broken", "nonsense", "lost", "slow")


def _openssl(*arguments):
    subprocess.run(["openssl", *arguments], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def make_certificates(folder):
    """ca.pem, server.pem and client.pem with their keys, and other-ca.pem that signed none of them."""
    os.makedirs(folder, exist_ok=True)
    path = lambda name: os.path.join(folder, name)  # noqa: E731
    for ca in ("ca", "other-ca"):
        _openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN=test {ca}", "-keyout", path(f"{ca}.key"),
                 "-out", path(f"{ca}.pem"))
    for name in ("server", "client"):
        with open(path("extensions"), "w", encoding="ascii") as file:
            file.write("subjectAltName=IP:127.0.0.1\n")
        _openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={name}", "-keyout", path(f"{name}.key"), "-out", path(f"{name}.csr"))
        _openssl("x509", "-req", "-in", path(f"{name}.csr"), "-CA", path("ca.pem"), "-CAkey", path("ca.key"), "-CAcreateserial", "-days", "2",
                 "-extfile", path("extensions"), "-out", path(f"{name}.pem"))
    return path


class Gate:
    """Forwards to `target` (http). Thread: any."""

    def __init__(self, target, certificates=None):
        gate = self
        self.target = urllib.parse.urlsplit(target)
        self.mood, self.changed = "well", threading.Event()
        self.requests = 0
        self.accepts = {"Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode(), "Bearer " + TOKEN} if certificates else None

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def answer(self, status, body, content_type="application/json"):
                self.send_response(status)
                self.send_header("Content-Type", content_type)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def forward(self):
                gate.requests += 1
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                if gate.mood == "slow":
                    gate.changed.wait(60)
                if gate.mood == "refuse":
                    self.close_connection = True
                    return
                if gate.mood == "broken":
                    self.answer(500, b'{"error_code":50001,"message":"store"}')
                    return
                if gate.mood == "lost":
                    self.answer(404, b'{"error_code":40403,"message":"no such schema"}')
                    return
                if gate.mood == "nonsense":
                    self.answer(200, b"<html>welcome</html>", "text/html")
                    return
                if gate.accepts is not None and self.headers.get("Authorization") not in gate.accepts:
                    self.answer(401, b'{"error_code":401,"message":"not you"}')
                    return
                there = http.client.HTTPConnection(gate.target.hostname, gate.target.port, timeout=60)
                there.request(self.command, gate.target.path + self.path, body or None,
                              {k: v for k, v in self.headers.items() if k in ("Content-Type", "Accept")})
                reply = there.getresponse()
                self.answer(reply.status, reply.read(), reply.getheader("Content-Type") or "application/json")
                there.close()

            def handle_one_request(self):
                try:
                    super().handle_one_request()
                except (OSError, http.client.HTTPException):
                    self.close_connection = True

            do_GET = do_POST = do_PUT = do_DELETE = forward

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_):
                pass  # a client that shows no certificate, or goes away

        self.server = Server(("127.0.0.1", 0), Handler)
        if certificates:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificates("server.pem"), certificates("server.key"))
            context.load_verify_locations(certificates("ca.pem"))
            context.verify_mode = ssl.CERT_REQUIRED
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True, do_handshake_on_connect=False)
        self.url = f"http{'s' if certificates else ''}://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def set_mood(self, mood):
        assert mood in MOODS
        self.mood = mood
        self.changed.set()
        self.changed = threading.Event()

    def close(self):
        self.set_mood("well")
        self.server.shutdown()
        self.server.server_close()
