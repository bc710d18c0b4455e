"""The Space's entry: `python app.py [--share] [--port N] [--data DIR]`."""

import argparse
import os

parser = argparse.ArgumentParser(description="How a plain network reads pictures, in the browser.")
parser.add_argument("--share", action="store_true", help="make a public link that lasts a week")
parser.add_argument("--host", default="127.0.0.1" if "SPACE_ID" not in os.environ else "0.0.0.0")
parser.add_argument("--port", type=int, help="default: the first free one from 7860")
parser.add_argument("--data", metavar="DIR", help="official files in torchvision's layout (default: IMGMLP_DATA)")

if __name__ == "__main__":
    options = parser.parse_args()
    if options.data:
        os.environ["IMGMLP_DATA"] = options.data
    # Torch's idle threads else spin for 3 ms after every answer, on the cores that serve the next one. Not at all ("passive")
    # would make training on 2 cores take 2.3 times as long; this is long enough for it.
    os.environ.setdefault("GOMP_SPINCOUNT", "20000")
    from imgmlp.ui.demo import LAUNCH, build  # 4 s of Gradio and torch, which --help need not wait for

    build().launch(share=options.share, server_name=options.host, server_port=options.port, **LAUNCH)
