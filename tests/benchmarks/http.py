"""HTTP `classify` of one upload against an endpoint that does nothing, in the same process, taken in turn.

    python -m tests.benchmarks.http
"""

import socket
from statistics import median
from time import perf_counter

import httpx

from tests.pictures import THREE, drawn, encoded, photographed

ROUNDS = 300


def main() -> None:
    import gradio as gr  # here, for the processes that open pictures import this file again

    from imgmlp.ui.classify import EXAMPLES
    from imgmlp.ui.demo import build, launch_options
    from imgmlp.ui.shared import own_process

    own_process.prepare()  # as app.py does
    demo = build()
    with demo:
        picture, name, answer = gr.Image(visible=False, type="filepath"), gr.Textbox(visible=False), gr.JSON(visible=False)
        gr.Button(visible=False).click(lambda picture, name: {}, [picture, name], answer, api_name="nothing", queue=False)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    _, address, _ = demo.launch(server_port=port, prevent_thread_lock=True, quiet=True, **launch_options())
    with httpx.Client(base_url=address, timeout=30) as client:
        files = {
            "a photograph of a digit, 1200 x 900": ("mnist", encoded(photographed(THREE), "JPEG")),
            "a drawn digit, 280 x 280": ("mnist", encoded(drawn(THREE))),
            "a picture to try, 256 x 256": ("cifar10", EXAMPLES[0].read_bytes()),
        }
        for title, (dataset, content) in files.items():
            path = client.post("gradio_api/upload", files={"files": ("picture", content)}).json()[0]
            upload = {"path": path, "meta": {"_type": "gradio.FileData"}}
            inputs = {"nothing": [None, dataset], "classify": [upload, dataset]}
            seconds = {name: [] for name in inputs}
            for _ in range(ROUNDS):
                for name, data in inputs.items():
                    started = perf_counter()
                    client.post(f"gradio_api/run/{name}", json={"data": data}).raise_for_status()
                    seconds[name].append(perf_counter() - started)
            ours, nothing = (median(seconds[name][20:]) * 1000 for name in ("classify", "nothing"))
            print(f"{title}: {ours:.1f} ms, nothing {nothing:.1f} ms: {ours / nothing:.2f} times")
    demo.close()


if __name__ == "__main__":
    main()
