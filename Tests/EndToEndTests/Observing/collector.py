"""A collector of traces: takes OTLP over HTTP in JSON as OpenTelemetry's own messages describe it, and gives back what it understood.

POST /v1/traces is parsed by opentelemetry-proto's ExportTraceServiceRequest with the protobuf library's JSON reader, which refuses a field it does not
know. GET /spans lists what came, GET /faults what could not be read. Prints its port.
"""
import base64
import http.server
import json
import sys

from google.protobuf import json_format
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2

spans, faults = [], []


def in_base64(node):
    """OTLP writes names of traces and spans in hexadecimal, where protobuf's own JSON has base64."""
    if isinstance(node, list):
        return [in_base64(one) for one in node]
    if not isinstance(node, dict):
        return node
    return {
        key: base64.b64encode(bytes.fromhex(value)).decode() if key in ("traceId", "spanId", "parentSpanId") else in_base64(value)
        for key, value in node.items()}


def value(any_value):
    return getattr(any_value, any_value.WhichOneof("value"))


def keep(body):
    request = trace_service_pb2.ExportTraceServiceRequest()
    json_format.ParseDict(in_base64(json.loads(body)), request)
    for resource in request.resource_spans:
        service = {one.key: value(one.value) for one in resource.resource.attributes}["service.name"]
        for scope in resource.scope_spans:
            for span in scope.spans:
                if len(span.trace_id) != 16 or len(span.span_id) != 8 or len(span.parent_span_id) not in (0, 8):
                    raise ValueError(f"names of {span.name}")
                if not 0 < span.start_time_unix_nano <= span.end_time_unix_nano:
                    raise ValueError(f"times of {span.name}")
                spans.append({
                    "service": service, "trace": span.trace_id.hex(), "id": span.span_id.hex(), "parent": span.parent_span_id.hex(),
                    "name": span.name, "kind": span.kind, "start": span.start_time_unix_nano, "end": span.end_time_unix_nano,
                    "attributes": {one.key: str(value(one.value)) for one in span.attributes}, "fault": span.status.message})


class Collector(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        try:
            if self.path != "/v1/traces" or self.headers["Content-Type"] != "application/json":
                raise ValueError(f"{self.path} {self.headers['Content-Type']}")
            keep(body)
            self.answer(200, {})
        except Exception as fault:
            faults.append(f"{fault}: {body[:2000]!r}")
            self.answer(400, {"message": str(fault)})

    def do_GET(self):
        self.answer(200, faults if self.path == "/faults" else spans)

    def answer(self, status, content):
        text = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Collector)
print(f"port {server.server_address[1]}", flush=True)
sys.exit(server.serve_forever())
