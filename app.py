"""The Space's entry: `python app.py [--share] [--port N] [--data DIR]`."""

import argparse
import os
import signal
import socket
import sys


def address(text: str) -> str:
    """A name or number of this machine to listen at."""
    try:
        family, *_, place = socket.getaddrinfo(text, 0, type=socket.SOCK_STREAM)[0]
        socket.create_server(place[:2], family=family).close()
    except (OSError, UnicodeError) as error:  # UnicodeError: too long for a name
        raise argparse.ArgumentTypeError(f"{text} is no address of this machine") from error
    return text


def port(text: str) -> int:
    """A port to listen at."""
    if not text.isdecimal() or not 1 <= int(text) <= 65_535:
        raise argparse.ArgumentTypeError(f"{text} is no whole number from 1 to 65535")
    return int(text)


parser = argparse.ArgumentParser(description="How a plain network reads pictures, in the browser.")
parser.add_argument("--share", action="store_true", help="make a public link that lasts a week")
parser.add_argument(
    "--host", type=address, default="127.0.0.1" if "SPACE_ID" not in os.environ else "0.0.0.0",
    help="address to listen at; 0.0.0.0 for the whole network (default: %(default)s)",
)  # fmt: skip
parser.add_argument("--port", type=port, help="default: the first free one from 7860")
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
