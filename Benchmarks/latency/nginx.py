"""nginx with its RTMP module (Debian libnginx-mod-rtmp), one process, on ports of its own."""
import os
import socket

from children import cpu_seconds, free_port, resident_bytes, wait_until

CONFIGURATION = """
load_module /usr/lib/nginx/modules/ngx_rtmp_module.so;
daemon off;
master_process off;
pid {folder}/nginx-{rtmp}.pid;
error_log {folder}/nginx-{rtmp}.log warn;
events {{ worker_connections 4096; }}
rtmp {{
    server {{
        listen 127.0.0.1:{rtmp};
        chunk_size 4096;
        application live {{
            live on;
            {hls}
        }}
    }}
}}
http {{
    access_log off;
    client_body_temp_path {folder}/nginx-body;
    server {{
        listen 127.0.0.1:{http};
        location / {{ root {folder}/nginx-hls-{rtmp}; add_header Cache-Control no-cache; }}
    }}
}}
"""


class Nginx:
    name = "nginx-rtmp"

    def __init__(self, children, run, hls=False):
        self.children = children
        self.rtmp, self.http = free_port(), free_port()
        media = os.path.join(run.folder, f"nginx-hls-{self.rtmp}")
        os.mkdir(media)
        path = os.path.join(run.folder, f"nginx-{self.rtmp}.conf")
        segments = f"hls on; hls_path {media}; hls_fragment 2s; hls_playlist_length 12s;" if hls else ""
        with open(path, "w") as file:
            file.write(CONFIGURATION.format(folder=run.folder, rtmp=self.rtmp, http=self.http, hls=segments))
        self.process = children.start(["nginx", "-c", path, "-p", run.folder])
        wait_until(lambda: self.process.poll() is not None or listens(self.rtmp), 10, "nginx")
        if self.process.poll() is not None:
            raise RuntimeError("nginx did not start")

    @property
    def pid(self):
        return self.process.pid

    def publish_url(self, name):
        return f"rtmp://127.0.0.1:{self.rtmp}/live/{name}"

    play_url = publish_url

    def hls_url(self, name):
        return f"http://127.0.0.1:{self.http}/{name}.m3u8"

    def cpu(self):
        return cpu_seconds(self.pid)

    def memory(self):
        return resident_bytes(self.pid)

    def stop(self):
        self.children.stop(self.process)


def listens(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
