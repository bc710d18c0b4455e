"""The Space's entry: `python app.py [--share] [--port N] [--data DIR]`."""

import argparse
import os
import signal
import sys

parser = argparse.ArgumentParser(description="How a plain network reads pictures, in the browser.")
parser.add_argument("--share", action="store_true", help="make a public link that lasts a week")
parser.add_argument("--host", default="127.0.0.1" if "SPACE_ID" not in os.environ else "0.0.0.0")
parser.add_argument("--port", type=int, help="default: the first free one from 7860")
parser.add_argument("--data", metavar="DIR", help="official files in torchvision's layout (default: IMGMLP_DATA)")

if __name__ == "__main__":
    options = parser.parse_args()
    if options.data:
        os.environ["IMGMLP_DATA"] = options.data
    from imgmlp.ui.demo import build, launch_options  # 4 s of Gradio and torch, which --help need not wait for
    from imgmlp.ui.shared import own_process, visitor

    if "SPACE_ID" in os.environ:
        os.environ.setdefault("FORWARDED_ALLOW_IPS", visitor.SPACE_PROXIES)  # uvicorn's
    own_process.prepare()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # or Gradio leaves the users' uploads behind
    try:
        build().launch(share=options.share, server_name=options.host, server_port=options.port, **launch_options())
    except OSError as error:
        if "empty port" not in str(error):
            raise
        sys.exit(f"Port {options.port or 7860} is taken; give another one with --port.")
