"""Losses of src/rl/alignment and their gradients, by PyTorch: python3 test/goldens/make_alignment_goldens.py

Written from the papers' formulas, on log-probabilities of fixed "completions" [N, T]. Gradients are with respect to these.
"""
import json
import pathlib

import torch
import torch.nn.functional as F

torch.manual_seed(0)
N, T, K = 6, 5, 3
lengths = torch.tensor([5, 3, 4, 1, 5, 2])
mask = (torch.arange(T)[None] < lengths[:, None]).double()
log_probs = -torch.rand(N, T, dtype=torch.double) * 2
old = log_probs + torch.randn(N, T, dtype=torch.double) * 0.3
ref = log_probs + torch.randn(N, T, dtype=torch.double) * 0.5
rewards = torch.tensor([1, 0, 0.25, 0.5, -1, 2], dtype=torch.double)
values = torch.randn(N, T, dtype=torch.double)
old_values = values + torch.randn(N, T, dtype=torch.double) * 0.4


def leave_one_out(r):
    r = r.reshape(-1, K)
    return (r - (r.sum(1, keepdim=True) - r) / (K - 1)).reshape(-1)


def group(r, scale):
    r = r.reshape(-1, K)
    a = r - r.mean(1, keepdim=True)
    return (a / (r.std(1, keepdim=True) + 1e-4) if scale else a).reshape(-1)


def estimator(name, l):
    return {"k1": l, "k2": l**2 / 2, "k3": torch.exp(-l) - 1 + l}[name]


def clipped(ratio, a, low, high):
    return -torch.min(ratio * a, torch.clamp(ratio, 1 - low, 1 + high) * a)


def aggregated(x, how):
    return {
        "grpo": ((x * mask).sum(1) / mask.sum(1)).mean(),
        "bnpo": (x * mask).sum() / mask.sum(),
        "dapo": (x * mask).sum() / 12.0,
        "dr_grpo": (x * mask).sum() / (N * 7),
    }[how]


def with_gradient(loss, *inputs):
    leaves = [x.clone().requires_grad_() for x in inputs]
    out = loss(*leaves)
    return {"loss": out.item(), "gradients": [g.reshape(-1).tolist() for g in torch.autograd.grad(out, leaves)]}


def grpo(level, how, name, beta):
    def loss(lp):
        a = group(rewards, True)[:, None]
        l = lp - old
        if level == "sequence":
            l = ((l * mask).sum(1) / mask.sum(1))[:, None].expand(N, T)
        x = clipped(torch.exp(l), a, 0.2, 0.28) + beta * estimator(name, lp - ref)
        return aggregated(x, how)

    return with_gradient(loss, log_probs)


def rloo(lp):
    a = leave_one_out(rewards - 0.05 * ((log_probs - ref) * mask).sum(1))
    return clipped(torch.exp(((lp - old) * mask).sum(1)), a, 0.2, 0.2).mean()


def token_advantages(beta, lam):
    a = torch.zeros(N, T, dtype=torch.double)
    for n in range(N):
        last, following = 0.0, 0.0
        for t in reversed(range(int(lengths[n]))):
            r = -beta * (log_probs[n, t] - ref[n, t]) + (rewards[n] if t == lengths[n] - 1 else 0)
            delta = r + following - old_values[n, t]
            last = delta + lam * last
            following = old_values[n, t]
            a[n, t] = last
    return a


def ppo(lp, v):
    a = token_advantages(0.05, 0.95)
    returns = (a + old_values) * mask
    m = (a * mask).sum() / mask.sum()
    white = (a - m) / ((((a - m) ** 2 * mask).sum() / (mask.sum() - 1)).sqrt() + 1e-8)
    policy = (clipped(torch.exp(lp - old), white, 0.2, 0.2) * mask).sum() / mask.sum()
    held = old_values + torch.clamp(v - old_values, -0.2, 0.2)
    error = torch.max((v - returns) ** 2, (held - returns) ** 2)
    return policy + 0.1 * 0.5 * (error * mask).sum() / mask.sum()


chosen, rejected = torch.randn(4, dtype=torch.double), torch.randn(4, dtype=torch.double)
delta = torch.randn(4, dtype=torch.double)


def dpo(name, eps):
    beta = 0.3

    def loss(d):
        right, wrong = F.logsigmoid(beta * d), F.logsigmoid(-beta * d)
        return {
            "sigmoid": (-(1 - eps) * right - eps * wrong),
            "robust": (-(1 - eps) * right + eps * wrong) / (1 - 2 * eps),
            "ipo": (d - 1 / (2 * beta)) ** 2,
            "hinge": torch.relu(1 - beta * d),
        }[name].mean()

    return with_gradient(loss, delta)


listed = lambda x: x.reshape(-1).tolist()
goldens = {
    "inputs": {
        "N": N, "T": T, "K": K, "mask": listed(mask), "logProbs": listed(log_probs), "old": listed(old), "ref": listed(ref),
        "rewards": listed(rewards), "values": listed(values), "oldValues": listed(old_values),
        "chosen": listed(chosen), "rejected": listed(rejected), "delta": listed(delta),
    },
    "grpo": {
        f"{level} {how} {name}": grpo(level, how, name, 0.1)
        for level in ["token", "sequence"]
        for how, name in [("grpo", "k3"), ("bnpo", "k2"), ("dapo", "k1"), ("dr_grpo", "k3")]
    },
    "rloo": with_gradient(rloo, log_probs),
    "ppo": {**with_gradient(ppo, log_probs, values), "advantages": listed(token_advantages(0.05, 0.95))},
    "sft": with_gradient(lambda lp: -(lp * mask).sum() / mask.sum(), log_probs),
    "reward": with_gradient(
        lambda w, l: (-F.logsigmoid(w - l - 0.3) + 0.01 * (w + l) ** 2).mean(), chosen, rejected
    ),
    "dpo": {f"{name} {eps}": dpo(name, eps) for name in ["sigmoid", "robust", "ipo", "hinge"] for eps in [0, 0.1]},
}
path = pathlib.Path(__file__).with_name("alignment.json")
path.write_text(json.dumps(goldens) + "\n")
