"""A pytrickle worker that tints every frame: python3 examples/tint_worker.py [PORT] [RED GREEN BLUE]

Parameters of a stream, at its start or by an update: {"tint": [1.0, 0.3, 0.3]}; [1, 1, 1] leaves the picture as it is.
"""
import sys

import numpy
from pytrickle import StreamProcessor, VideoFrame

import torch


class Tint:
    factors = [1.0, 0.3, 0.3]

    async def video(self, frame: VideoFrame) -> VideoFrame:
        pixels = frame.tensor.cpu().numpy() * numpy.array(self.factors, dtype="float32")
        return frame.replace_tensor(torch.from_numpy(pixels))

    async def params(self, params: dict) -> None:
        self.factors = params.get("tint", self.factors)

    async def start(self, params: dict) -> None:
        await self.params(params or {})


tint = Tint()
port = int(sys.argv[1]) if len(sys.argv) > 1 else 8000
if len(sys.argv) > 4:
    tint.factors = [float(value) for value in sys.argv[2:5]]
StreamProcessor(
    video_processor=tint.video, param_updater=tint.params, on_stream_start=tint.start, name="tint", port=port).run()
