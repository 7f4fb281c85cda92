"""A pytrickle worker that gives every frame back as it is, to begin one of your own with: python3 examples/pass_worker.py [PORT]"""
import sys

from pytrickle import StreamProcessor, VideoFrame


async def video(frame: VideoFrame) -> VideoFrame:
    return frame  # frame.tensor has the shape (1, height, width, 3) and values from 0 to 1; frame.replace_tensor(…) gives another


port = int(sys.argv[1]) if len(sys.argv) > 1 else 8000
StreamProcessor(video_processor=video, name="pass", port=port).run()
