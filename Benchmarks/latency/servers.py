"""Our gateway with what the latency figures need of it, and the other server."""
from gateway import Gateway
from latency.nginx import Nginx


class Sluice(Gateway):
    name = "sluice"

    def __init__(self, children, run, profiles="none", orchestrators=()):
        super().__init__(children, run.binary, run.folder, profiles=profiles, orchestrators=orchestrators)

    @property
    def pid(self):
        return self.process.pid

    def play_url(self, name):
        return self.publish_url(name)

    def hls_url(self, name, rendition="source"):
        return f"http://127.0.0.1:{self.http}/stream/{name}/{rendition}.m3u8"

    def low_latency_url(self, name, rendition="source"):
        return f"http://127.0.0.1:{self.http}/ll/{name}/{rendition}.m3u8"


def both(children, run, **options):
    """Each server in turn, stopped before the next starts."""
    for make in (lambda: Sluice(children, run), lambda: Nginx(children, run, **options)):
        server = make()
        try:
            yield server
        finally:
            server.stop()
