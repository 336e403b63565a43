#!/usr/bin/env python3
"""Golden values of Transformers from PyTorch 1.13, written out plainly here and independent of ours (see make_goldens.py).

    python3 test/goldens/make_gpt_goldens.py          # rewrites test/goldens/gpt.json

Each case is a decoder-only model with options named as ours: logits, the mean cross-entropy of the next token, and its
gradients by every parameter. One case is a block that also attends to a source.
"""
import json, math, pathlib
import torch
import torch.nn.functional as F

torch.set_default_dtype(torch.float64)
torch.manual_seed(7)
HERE = pathlib.Path(__file__).parent
BASE = dict(vocabSize=7, context=6, width=8, heads=2, layers=2, feedForward=12, attention=True, activation="gelu_tanh",
            gated=False, norm="pre", normKind="layer", residual=True, dropout=0, bias=True, positions="learned",
            causal=True, tied=True)
CASES = {
    "gpt2": {},
    "untied, without biases": dict(tied=False, bias=False, activation="gelu"),
    "post-norm, sinusoidal": dict(norm="post", positions="sinusoidal", activation="relu"),
    "llama: rotary, RMS norm, SwiGLU": dict(positions="rotary", normKind="rms", gated=True, activation="silu", bias=False),
    "alibi, three heads": dict(positions="alibi", heads=3, width=9, norm="pre"),
    "no norm, no positions, no residual": dict(norm="none", positions="none", residual=False),
    "both directions": dict(causal=False),
    "attention alone": dict(feedForward=0),
    "feed-forward alone": dict(attention=False),
}


def rand(*shape, scale=0.4):
    return ((torch.randn(shape) * scale * 1000).round() / 1000).requires_grad_()


def state_of(o, source=False):
    W, V, C, Fw = o["width"], o["vocabSize"], o["context"], o["feedForward"]
    s = {"wte.weight": rand(V, W)}
    if o["positions"] == "learned":
        s["wpe.weight"] = rand(C, W)

    def lin(name, i, out):
        s[name + ".weight"] = rand(out, i)
        if o["bias"]:
            s[name + ".bias"] = rand(out)

    def norm(name):
        if o["norm"] == "none":
            return
        s[name + ".weight"] = (rand(W).detach() * 0.5 + 1).mul(1000).round().div(1000).requires_grad_()
        if o["bias"] and o["normKind"] == "layer":
            s[name + ".bias"] = rand(W)

    for l in range(o["layers"]):
        h = f"h.{l}."
        if o["attention"]:
            norm(h + "ln_1"); lin(h + "attn.c_attn", W, 3 * W); lin(h + "attn.c_proj", W, W)
        if source:
            norm(h + "ln_cross_attn"); lin(h + "crossattention.c_attn", W, 2 * W)
            lin(h + "crossattention.q_attn", W, W); lin(h + "crossattention.c_proj", W, W)
        if Fw:
            norm(h + "ln_2"); lin(h + "mlp.c_fc", W, Fw)
            if o["gated"]:
                lin(h + "mlp.c_gate", W, Fw)
            lin(h + "mlp.c_proj", Fw, W)
    if o["norm"] == "pre":
        norm("ln_f")
    if not o["tied"]:
        s["lm_head.weight"] = rand(V, W)
    return s


ACT = {"gelu_tanh": lambda x: 0.5 * x * (1 + torch.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x ** 3))),
       "gelu": F.gelu, "relu": F.relu, "silu": F.silu}


def waves(T, W):
    w = 10000.0 ** (-torch.arange(W // 2) / (W // 2))
    a = torch.arange(T)[:, None] * w
    return torch.cat([a.sin(), a.cos()], -1)


def slopes(n):
    """The paper's code (ofirpress/attention_with_linear_biases)."""
    def power(k):
        start = 2 ** (-(2 ** -(math.log2(k) - 3)))
        return [start * start ** i for i in range(k)]
    if math.log2(n).is_integer():
        return power(n)
    c = 2 ** math.floor(math.log2(n))
    return power(c) + slopes(2 * c)[0::2][: n - c]


class Model:
    def __init__(self, o, s):
        self.o, self.s = o, s

    def lin(self, name, x):
        return F.linear(x, self.s[name + ".weight"], self.s.get(name + ".bias"))

    def norm(self, name, x):
        if self.o["norm"] == "none":
            return x
        g = self.s[name + ".weight"]
        if self.o["normKind"] == "rms":
            return x / (x.pow(2).mean(-1, keepdim=True) + 1e-5).sqrt() * g
        return F.layer_norm(x, (x.shape[-1],), g, self.s.get(name + ".bias"), 1e-5)

    def heads(self, x):
        B, T, W = x.shape
        H = self.o["heads"]
        return x.view(B, T, H, W // H).transpose(1, 2)

    def look(self, name, q, k, v, own):
        o = self.o
        T, S, D = q.shape[2], k.shape[2], q.shape[3]
        if own and o["positions"] == "rotary":
            sin, cos = waves(T, D).chunk(2, -1)
            turn = lambda x: torch.cat([x[..., : D // 2] * cos - x[..., D // 2:] * sin,
                                        x[..., D // 2:] * cos + x[..., : D // 2] * sin], -1)
            q, k = turn(q), turn(k)
        a = q @ k.transpose(-1, -2) / math.sqrt(D)
        if own and o["positions"] == "alibi":
            far = (torch.arange(T)[:, None] - torch.arange(S)).abs()
            a = a - torch.tensor(slopes(o["heads"]))[:, None, None] * far
        if own and o["causal"]:
            a = a.masked_fill(torch.ones(T, S).tril() == 0, float("-inf"))
        y = (a.softmax(-1) @ v).transpose(1, 2).reshape(q.shape[0], T, -1)
        return self.lin(name + ".c_proj", y)

    def part(self, x, name, f):
        n = self.o["norm"]
        y = f(self.norm(name, x) if n == "pre" else x)
        x = x + y if self.o["residual"] else y
        return self.norm(name, x) if n == "post" else x

    def block(self, l, x, source=None):
        h, o = f"h.{l}.", self.o

        def attn(y):
            q, k, v = [self.heads(t) for t in self.lin(h + "attn.c_attn", y).chunk(3, -1)]
            return self.look(h + "attn", q, k, v, True)

        def cross(y):
            k, v = [self.heads(t) for t in self.lin(h + "crossattention.c_attn", source).chunk(2, -1)]
            return self.look(h + "crossattention", self.heads(self.lin(h + "crossattention.q_attn", y)), k, v, False)

        def mlp(y):
            act = ACT[o["activation"]]
            z = self.lin(h + "mlp.c_fc", y)
            z = act(self.lin(h + "mlp.c_gate", y)) * z if o["gated"] else act(z)
            return self.lin(h + "mlp.c_proj", z)

        if o["attention"]:
            x = self.part(x, h + "ln_1", attn)
        if source is not None:
            x = self.part(x, h + "ln_cross_attn", cross)
        if o["feedForward"]:
            x = self.part(x, h + "ln_2", mlp)
        return x

    def forward(self, tokens):
        o, T = self.o, tokens.shape[1]
        x = self.s["wte.weight"][tokens]
        if o["positions"] == "learned":
            x = x + self.s["wpe.weight"][:T]
        if o["positions"] == "sinusoidal":
            x = x * math.sqrt(o["width"]) + waves(T, o["width"])
        for l in range(o["layers"]):
            x = self.block(l, x)
        if o["norm"] == "pre":
            x = self.norm("ln_f", x)
        return x @ (self.s["wte.weight"] if o["tied"] else self.s["lm_head.weight"]).T


def dump(t):
    t = t.detach()
    if not t.is_floating_point():
        return {"dtype": "int64", "shape": list(t.shape), "data": t.flatten().tolist()}
    return {"shape": list(t.shape), "data": [float(f"{v:.7g}") for v in t.flatten().tolist()]}


def tensors(d):
    return {k: dump(v) for k, v in d.items()}


out = {}
for name, changed in CASES.items():
    o = {**BASE, **changed}
    s = state_of(o)
    tokens = torch.randint(0, o["vocabSize"], (3, 6))
    logits = Model(o, s).forward(tokens)
    loss = F.cross_entropy(logits[:, :-1].reshape(-1, o["vocabSize"]), tokens[:, 1:].reshape(-1))
    loss.backward()
    # The last position of a learned table is not read by what is predicted; everything else has a gradient.
    grads = {k: (v.grad if v.grad is not None else torch.zeros_like(v)) for k, v in s.items()}
    out[name] = dict(config=o, state=tensors(s), inputs=tensors({"tokens": tokens}),
                     outputs=tensors({"logits": logits, "loss": loss}), grads=tensors(grads))

o = {**BASE, "layers": 1}
s = {k: v for k, v in state_of(o, source=True).items() if k.startswith("h.0.")}
x, source, c = rand(2, 5, 8), rand(2, 4, 8), rand(2, 5, 8).detach()
y = Model(o, s).block(0, x, source)
(y * c).sum().backward()
strip = lambda d: {k[4:]: v for k, v in d.items()}
out["a block with a source"] = dict(
    config=o, state=tensors(strip(s)), inputs=tensors({"x": x, "source": source, "cotangent": c}),
    outputs=tensors({"y": y}), grads=tensors({**strip({k: v.grad for k, v in s.items()}), "x": x.grad, "source": source.grad}))
(HERE / "gpt.json").write_text(json.dumps(out, separators=(",", ":")) + "\n")
