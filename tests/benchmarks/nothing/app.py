"""An app with one endpoint that does nothing: what Gradio itself costs."""

import argparse

import gradio as gr
import torch  # noqa: F401  as every app with a network has it

parser = argparse.ArgumentParser()
parser.add_argument("--port", type=int)

if __name__ == "__main__":
    with gr.Blocks(analytics_enabled=False) as demo:
        picture, answer = gr.Textbox(), gr.JSON()
        picture.input(lambda picture: {}, picture, answer, api_name="nothing", queue=False)
    demo.launch(server_name="127.0.0.1", server_port=parser.parse_args().port, quiet=True)
