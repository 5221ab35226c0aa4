"""The caches that are measured: how each is configured, started and asked for its version."""
import os
import re
import shutil
import subprocess

MEMORY_MIB = 256


class Server:
    """One worker, access log off, everything asked for is in its cache once it was asked."""
    name = binary = ""
    packages = ()

    def __init__(self, binaries):
        self.binaries = binaries

    def path(self):
        own = os.path.join(self.binaries, self.binary)
        paths = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/sbin"])
        return own if not self.packages else shutil.which(self.binary, path=paths)

    def version(self):
        done = subprocess.run([self.path(), *self.version_arguments], stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, check=False)
        found = re.search(r"\d+\.\d+(\.\d+)*", done.stdout)
        return found.group(0) if found else ""

    version_arguments = ("-v",)


class Proxima(Server):
    name, binary, version_arguments = "proxima", "proxima-edge", ("--version",)

    def configure(self, folder, port, origin_port):
        with open(os.path.join(folder, "edge.toml"), "w", encoding="ascii") as file:
            file.write(f"""[edge]
cluster = "bench"
node = "a"
listen = ["127.0.0.1:{port}"]
workers = 1
[limits]
idle_timeout = "1h"
[cache]
memory = "{MEMORY_MIB}MiB"
max_object = "32MiB"
[origin]
url = "http://127.0.0.1:{origin_port}"
[log]
level = "warning"
""")

    def command(self, folder, _port):
        return [self.path(), "run", "-c", os.path.join(folder, "edge.toml")]


class Nginx(Server):
    name, binary, packages = "nginx", "nginx", ("nginx-light",)

    def configure(self, folder, port, origin_port):
        with open(os.path.join(folder, "nginx.conf"), "w", encoding="ascii") as file:
            file.write(f"""daemon off;
worker_processes 1;
pid {folder}/pid;
error_log {folder}/error.log;
user root;
events {{ worker_connections 20000; }}
http {{
  access_log off;
  sendfile on;
  tcp_nodelay on;
  keepalive_requests 100000000;
  keepalive_timeout 1h;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/temp;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  open_file_cache max=10000;
  open_file_cache_valid 1h;
  proxy_cache_path {folder}/cache keys_zone=hot:16m max_size={MEMORY_MIB}m use_temp_path=off;
  server {{
    listen 127.0.0.1:{port} backlog=4096;
    location / {{
      proxy_pass http://127.0.0.1:{origin_port};
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_cache hot;
      proxy_cache_lock on;
    }}
  }}
}}
""")

    def command(self, folder, _port):
        return [self.path(), "-c", os.path.join(folder, "nginx.conf"), "-p", folder]


class Varnish(Server):
    name, binary, packages = "varnish", "varnishd", ("varnish",)
    version_arguments = ("-V",)

    def configure(self, folder, _port, origin_port):
        with open(os.path.join(folder, "default.vcl"), "w", encoding="ascii") as file:
            file.write(f"""vcl 4.1;
backend origin {{ .host = "127.0.0.1"; .port = "{origin_port}"; }}
""")

    def command(self, folder, port):
        return [self.path(), "-F", "-a", f"127.0.0.1:{port}", "-f",
                os.path.join(folder, "default.vcl"), "-n", os.path.join(folder, "state"),
                "-s", f"malloc,{MEMORY_MIB}m", "-T", "none", "-p", "thread_pools=1",
                "-p", "thread_pool_min=50", "-p", "timeout_idle=3600", "-j", "none"]


class HaProxy(Server):
    """Its cache keeps objects below one megabyte only."""
    name, binary, packages = "haproxy", "haproxy", ("haproxy",)
    largest = 1 << 20

    def configure(self, folder, port, origin_port):
        with open(os.path.join(folder, "haproxy.cfg"), "w", encoding="ascii") as file:
            file.write(f"""global
  nbthread 1
  maxconn 4000
  tune.bufsize 16384
defaults
  mode http
  timeout client 1h
  timeout server 10s
  timeout connect 3s
  timeout http-keep-alive 1h
cache hot
  total-max-size {MEMORY_MIB}
  max-object-size {1 << 20}
  max-age 3600
frontend front
  bind 127.0.0.1:{port}
  default_backend origin
backend origin
  http-request cache-use hot
  http-response cache-store hot
  server origin 127.0.0.1:{origin_port}
""")

    def command(self, folder, _port):
        return [self.path(), "-db", "-f", os.path.join(folder, "haproxy.cfg")]


class TrafficServer(Server):
    """Its configuration is where a file in its root says, which begins at the system's folders."""
    name, binary, packages = "ats", "traffic_server", ("trafficserver",)
    version_arguments = ("--version",)

    def configure(self, folder, port, origin_port):
        for name in ("etc", "run", "logs", "store"):
            os.mkdir(os.path.join(folder, name))
        files = {
            "runroot.yaml": f"""prefix: {folder}
exec_prefix: /usr
bindir: /usr/bin
sbindir: /usr/sbin
sysconfdir: {folder}/etc
datadir: {folder}/etc
includedir: /usr/include
libdir: /usr/lib/trafficserver
libexecdir: /usr/lib/trafficserver/modules
localstatedir: {folder}
runtimedir: {folder}/run
logdir: {folder}/logs
cachedir: {folder}/store
""",
            "etc/records.config": f"""CONFIG proxy.config.http.server_ports STRING {port}
CONFIG proxy.config.exec_thread.autoconfig INT 0
CONFIG proxy.config.exec_thread.limit INT 1
CONFIG proxy.config.task_threads INT 1
CONFIG proxy.config.admin.user_id STRING #-1
CONFIG proxy.config.cache.ram_cache.size INT {MEMORY_MIB << 20}
CONFIG proxy.config.cache.ram_cache_cutoff INT {32 << 20}
CONFIG proxy.config.http.keep_alive_no_activity_timeout_in INT 3600
CONFIG proxy.config.http.cache.open_read_retry_time INT 10
CONFIG proxy.config.http.cache.max_open_read_retries INT 100
CONFIG proxy.config.log.logging_enabled INT 0
CONFIG proxy.config.url_remap.pristine_host_hdr INT 1
""",
            "etc/remap.config": f"map / http://127.0.0.1:{origin_port}/\n",
            "etc/ip_allow.yaml": """ip_allow:
  - apply: in
    ip_addrs: 0/0
    action: allow
    methods: ALL
""",
            "etc/storage.config": f"{folder}/store {2 * MEMORY_MIB}M\n",
        }
        for name, text in files.items():
            with open(os.path.join(folder, name), "w", encoding="ascii") as file:
                file.write(text)
        os.chmod(folder, 0o755)

    def command(self, folder, _port):
        return [self.path(), f"--run-root={folder}"]


SERVERS = {server.name: server for server in (Proxima, Nginx, Varnish, HaProxy, TrafficServer)}
