"""Calls an orchestrator with grpcio, as go-livepeer's gateway does with grpc-go, and posts one segment.

usage: grpc_client.py PORT CERTIFICATE.pem PROTO_FOLDER KECCAK_HEX   (the segment's bytes come on standard input)
Stubs are generated into a temporary folder. Leaves with status 1 and a traceback when anything is not as it should be.
"""
import base64
import http.client
import importlib
import ssl
import sys
import tempfile

import grpc
from grpc_tools import protoc

port, certificate, protos, keccak = int(sys.argv[1]), sys.argv[2], sys.argv[3], bytes.fromhex(sys.argv[4])
source = sys.stdin.buffer.read()

with tempfile.TemporaryDirectory() as stubs:
    assert protoc.main(["", f"-I{protos}", f"--python_out={stubs}", f"--grpc_python_out={stubs}", "net/lp_rpc.proto"]) == 0
    sys.path.insert(0, stubs)
    wire = importlib.import_module("net.lp_rpc_pb2")
    calls = importlib.import_module("net.lp_rpc_pb2_grpc")

credentials = grpc.ssl_channel_credentials(root_certificates=open(certificate, "rb").read())
with grpc.secure_channel(f"localhost:{port}", credentials) as channel:
    orchestrator = calls.OrchestratorStub(channel)
    info = orchestrator.GetOrchestrator(wire.OrchestratorRequest(address=bytes(20)), timeout=10)
    assert info.transcoder and len(info.auth_token.token) == 32, info
    assert orchestrator.Ping(wire.PingPong(value=b"hello"), timeout=10).value == b""

    try:
        orchestrator.EndTranscodingSession(wire.EndTranscodingSessionRequest(), timeout=10)
        raise SystemExit("ending a session without a token was accepted")
    except grpc.RpcError as error:
        assert error.code() == grpc.StatusCode.UNKNOWN and error.details() == "Invalid auth token", error

    segment = wire.SegData(
        manifestId=b"python", seq=1, hash=keccak, profiles=b"invalid", duration=2000, auth_token=info.auth_token,
        fullProfiles=[wire.VideoProfile(name="p", width=320, height=180, bitrate=1000)])
    insecure = ssl.create_default_context()
    insecure.check_hostname, insecure.verify_mode = False, ssl.CERT_NONE
    peer = http.client.HTTPSConnection("localhost", port, timeout=10, context=insecure)
    header = base64.b64encode(segment.SerializeToString()).decode()
    peer.request("POST", "/segment", source, {"Livepeer-Segment": header, "Livepeer-Payment": "", "Content-Type": "video/MP2T"})
    answer = peer.getresponse()
    assert answer.status == 200, (answer.status, answer.read())
    result = wire.TranscodeResult.FromString(answer.read())
    assert result.WhichOneof("result") == "data" and len(result.data.segments) == 1, result
    assert result.info.auth_token == info.auth_token
    peer.request("GET", result.data.segments[0].url.split(":8935", 1)[1])
    rendition = peer.getresponse()
    assert rendition.status == 200 and len(rendition.read()) >= 25

    orchestrator.EndTranscodingSession(wire.EndTranscodingSessionRequest(auth_token=info.auth_token), timeout=10)
print("ok")
