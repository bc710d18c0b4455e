"""What a training step costs in GPU memory: predicted without a GPU, measured on one."""
