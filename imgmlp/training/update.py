"""An optimizer's fused CPU kernel, called without what torch.optim does around it.

Of a step of the lesson's network that bookkeeping (profiler scopes, hooks, grouping by device) takes 110 us of 500 on 2 cores.
"""

from functools import partial

import torch
from torch.optim import SGD, Adam, Optimizer


class FusedUpdate:
    """Stands in for a fused torch.optim SGD, Adam or AdamW on the CPU: same kernel, same state, same rates.

    The first step is the optimizer's own and makes its state; from then on the kernel is called on that state, as
    torch/optim/{adam,sgd}.py do (torch 2.11). Weights must all have gradients.
    """

    def __init__(self, optimizer: Optimizer):
        self.optimizer = optimizer
        [self.group] = optimizer.param_groups
        self.parameters = self.group["params"]
        self.kernel = None

    def zero_grad(self, set_to_none: bool) -> None:
        """As Optimizer.zero_grad(set_to_none=True)."""
        for parameter in self.parameters:
            parameter.grad = None

    def step(self) -> None:
        """As Optimizer.step."""
        if self.kernel is None:
            self.optimizer.step()
            self.kernel = self._sgd() if isinstance(self.optimizer, SGD) else self._adam()
        else:
            with torch.no_grad():
                self.kernel([parameter.grad for parameter in self.parameters], lr=self.group["lr"])

    def _state(self, name: str) -> list[torch.Tensor]:
        return [self.optimizer.state[parameter][name] for parameter in self.parameters]

    def _sgd(self):
        group = self.group
        buffers = self._state("momentum_buffer") if group["momentum"] else []
        fixed = {name: group[name] for name in ("weight_decay", "momentum", "dampening", "nesterov", "maximize")}
        return lambda gradients, lr: torch._fused_sgd_(self.parameters, gradients, buffers, lr=lr, is_first_step=False, **fixed)

    def _adam(self):
        group = self.group
        steps = self._state("step")[:1] * len(self.parameters)  # they count alike: one counter, not one a tensor
        kernel = partial(
            torch._fused_adam_ if type(self.optimizer) is Adam else torch._fused_adamw_,
            max_exp_avg_sqs=[], state_steps=steps, beta1=group["betas"][0], beta2=group["betas"][1],
            weight_decay=group["weight_decay"], eps=group["eps"], amsgrad=False, maximize=False,
        )  # fmt: skip
        means, squares = self._state("exp_avg"), self._state("exp_avg_sq")

        def update(gradients: list[torch.Tensor], lr: float) -> None:
            steps[0].add_(1)
            kernel(self.parameters, gradients, means, squares, lr=lr)

        return update
