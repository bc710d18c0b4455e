"""How images become tensors, how a plain MLP classifies them, and where the memory goes."""
