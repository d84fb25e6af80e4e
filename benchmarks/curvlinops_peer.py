"""curvlinops, for `serving_peer.py`.

It runs in an environment of its own (`curvlinops.txt`), without curvlib; `curvature_peers.py` starts it, and
holds the clock."""

from importlib.metadata import version

import numpy as np
import torch
from curvlinops import GGNLinearOperator, HessianLinearOperator
from torch import Tensor, nn

OPERATORS = {"Gauss-Newton product": GGNLinearOperator, "Hessian product": HessianLinearOperator}
# With the library's own mean, over all entries of the targets: `curvature_peers.py` knows the factors.
LOSSES = {
    "Bernoulli": nn.BCEWithLogitsLoss,
    "Categorical": nn.CrossEntropyLoss,
    "Gaussian": nn.MSELoss,
}


class Server:
    """One network at a time, as it was loaded last."""

    def __init__(self) -> None:
        torch.set_num_threads(1)  # more wait actively for one another, on cores that others may work on

    def load(self, file: str, likelihood: str) -> None:
        """Weights, biases, a direction, inputs and targets, as `curvature_peers.py` has written them."""
        with np.load(file) as arrays:
            layers = [
                (torch.tensor(arrays[f"weights_{k}"].T.copy()), torch.tensor(arrays[f"bias_{k}"]))
                for k in range(int(arrays["layers"]))
            ]
            self.inputs, self.targets = torch.tensor(arrays["inputs"]), torch.tensor(arrays["targets"])
        self.model = tanh_network(layers)
        self.loss = LOSSES[likelihood]()
        self.params = list(self.model.parameters())
        self.operators = {
            name: operator(
                self.model,
                self.loss,
                self.params,
                [(self.inputs, self.targets)],
                check_deterministic=False,
                num_data=len(self.inputs),
            )
            for name, operator in OPERATORS.items()
        }

    def gradient(self) -> list[Tensor]:
        return list(torch.autograd.grad(self.loss(self.model(self.inputs), self.targets), self.params))

    def write_gradient(self, to: str) -> None:
        np.savez(to, *(entry.numpy() for entry in self.gradient()))

    def write_product(self, kind: str, to: str) -> None:
        """That with ones."""
        np.savez(to, *(entry.numpy() for entry in self.operators[kind] @ self.ones()))

    def ones(self) -> list[Tensor]:
        return [torch.ones_like(entry) for entry in self.params]

    def gradients(self, count: int) -> None:
        """So many, each where the last one led; the network is as before afterwards."""
        start = [entry.detach().clone() for entry in self.params]
        for _ in range(count):
            gradient = self.gradient()
            with torch.no_grad():
                for entry, slope in zip(self.params, gradient, strict=True):
                    entry -= 1e-3 * slope
        with torch.no_grad():
            for entry, old in zip(self.params, start, strict=True):
                entry.copy_(old)

    def products(self, kind: str, count: int) -> None:
        """So many, each with what the last one led to."""
        v = self.ones()
        for _ in range(count):
            v = [a - 1e-3 * b for a, b in zip(v, self.operators[kind] @ v, strict=True)]

    def versions(self) -> dict[str, str]:
        return {name: version(name) for name in ("curvlinops-for-pytorch", "torch")}


def tanh_network(layers: list[tuple[Tensor, Tensor]]) -> nn.Sequential:
    """A network with these weights and biases, and tanh between its layers."""
    parts: list[nn.Module] = []
    for weight, bias in layers:
        linear = nn.Linear(weight.shape[1], weight.shape[0])
        linear.weight, linear.bias = nn.Parameter(weight), nn.Parameter(bias)
        parts += [linear, nn.Tanh()]
    return nn.Sequential(*parts[:-1])
