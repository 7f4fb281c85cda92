"""A pytrickle worker as a BYOC capability: tints every frame, and says once a second how bright the picture is.

python3 examples/brightness_worker.py PORT; it registers itself where ORCH_URL, ORCH_SECRET, CAPABILITY_NAME and CAPABILITY_URL say.
Parameters of a stream, at its start or by an update: {"tint": [1.0, 0.3, 0.3]}.
"""
import json
import sys

import numpy
from pytrickle import RegisterCapability, StreamProcessor, VideoFrame

import torch


class Brightness:
    factors = [1.0, 0.3, 0.3]
    frames = 0

    async def video(self, frame: VideoFrame) -> VideoFrame:
        pixels = frame.tensor.cpu().numpy()
        self.frames += 1
        if self.frames % 30 == 0:
            await processor.send_data(json.dumps({"frame": self.frames, "brightness": round(float(pixels.mean()), 3)}))
        return frame.replace_tensor(torch.from_numpy(pixels * numpy.array(self.factors, dtype="float32")))

    async def params(self, params: dict) -> None:
        self.factors = params.get("tint", self.factors)

    async def start(self, params: dict) -> None:
        self.frames = 0
        await self.params(params or {})


async def register(_app) -> None:
    await RegisterCapability.register()


worker = Brightness()
processor = StreamProcessor(
    video_processor=worker.video, param_updater=worker.params, on_stream_start=worker.start, name="brightness",
    port=int(sys.argv[1]) if len(sys.argv) > 1 else 8000, on_startup=[register])
processor.run()
